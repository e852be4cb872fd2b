/** The receiving end of a large body's way to a worker. */
import type { MessagePort } from 'node:worker_threads';
import { Channel } from '../src/shared/channel.js';
import { SluiceError } from '../src/errors.js';
import type { Part, PartMessage } from '../src/protocol/messages.js';
import { CANCELLED } from './plain.js';

/** Takes the parts of a large body from the port; each buffer goes back when it is written, as credit for the next. */
export function receiveParts(port: MessagePort): AsyncGenerator<Uint8Array> {
  const parts = new Channel<Part>();
  port.on('message', (message: PartMessage) => {
    if (message === 'end') parts.close();
    else if (message === 'abort') parts.close(new SluiceError(CANCELLED.code, CANCELLED.message, CANCELLED));
    else parts.push(message);
  });
  // A port that closes without an end is a main thread that gave up.
  port.on('close', () => parts.close(new SluiceError(CANCELLED.code, CANCELLED.message, CANCELLED)));
  return returning(parts, port);
}

async function* returning(parts: Channel<Part>, port: MessagePort): AsyncGenerator<Uint8Array> {
  for await (const { buffer, length } of parts) {
    yield buffer.subarray(0, length);
    port.postMessage(buffer);
  }
}
