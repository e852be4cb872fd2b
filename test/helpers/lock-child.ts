/** A program that opens and closes destinations as it is told, line by line, and prints what came of it. */
import { createInterface } from 'node:readline';
import { Destination } from '../../src/destination/destination.js';
import { SluiceError } from '../../src/errors.js';

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

let destination: Destination | undefined;
for await (const directory of createInterface(process.stdin)) {
  if (directory === '') {
    await destination?.close();
    destination = undefined;
    print('closed');
    continue;
  }
  try {
    destination = await Destination.open(directory);
    print('open');
  } catch (error) {
    print(error instanceof SluiceError ? error.code : String(error));
  }
}
