/** The process of a command: what it has to say reaches its reader before it ends, and it does not end in silence. */
import { printable } from '../shared/printable.js';
import { guardAgainstStandstill, unguard } from '../shared/standstill.js';
import { Ending, isInterruption } from './exit.js';
import { INTERNAL, SOME_FAILED } from './exit-status.js';
import { Output } from './output.js';

/** Milliseconds for which a reader of the output may take nothing, such as one who reads it page by page, at the end. */
const PATIENCE = { ended: 60_000, interrupted: 1_000 };
/** Turns that what has come to a standstill gets to end in order, as a download does. */
const LAST_TURNS = 2;

/** Runs a command, and ends the process with the status that it resolves to. */
export async function runProcess(command: () => Promise<number>): Promise<void> {
  const output = new Output();
  const ending = new Ending();
  const guard = standStill();
  guardAgainstStandstill(guard);
  const status = await flushed(output, await command());
  unguard(guard);
  await ending.end(status);
}

/** @returns what to call for a command that would end by a standstill */
function standStill(): () => void {
  let turns = 0;
  return () => {
    turns += 1;
    if (turns <= LAST_TURNS) {
      setImmediate(() => undefined);
      return;
    }
    process.stderr.write('*** The command came to a standstill. This is a fault of sluice; please report it.\n');
    process.exit(INTERNAL);
  };
}

/** @returns the status, which tells whether all that the command had to tell has reached its reader */
async function flushed(output: Output, status: number): Promise<number> {
  const loss = await output.flush(isInterruption(status) ? PATIENCE.interrupted : PATIENCE.ended);
  if (loss === undefined) return status;
  if (loss.stream === process.stdout) {
    process.stderr.write(
      `*** Error: standard output is not whole: ${printable(loss.why)}: write it to another place\n`,
    );
  }
  return status === 0 ? SOME_FAILED : status;
}
