/** What runs in the thread of `thread.ts`: one server, until any message comes. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type PlainError, SluiceError, toPlain } from '../errors.js';
import { startServer, type ServerOptions } from './server.js';

/** The one message that the thread sends. */
export type ThreadAnswer =
  | { readonly started: true; readonly port: number; readonly seed: number }
  | { readonly started: false; readonly error: PlainError };

async function serve(port: MessagePort): Promise<void> {
  const tell = (answer: ThreadAnswer): void => port.postMessage(answer);
  try {
    const server = await startServer(workerData as ServerOptions);
    // A port without a listener does not keep its thread: with the server closed, the thread ends by itself.
    port.once('message', () => void server.close());
    tell({ started: true, port: server.port, seed: server.seed });
  } catch (error) {
    tell({ started: false, error: toPlain(error, { code: 'INTERNAL', hint: 'this is a fault of sluice: report it' }) });
  }
}

if (!parentPort) throw new SluiceError('INTERNAL', 'not a worker thread', { hint: 'use serveInThread' });
await serve(parentPort);
