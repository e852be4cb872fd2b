/** A server in a thread of its own, so that it takes nothing from the event loop that downloads. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { fromPlain } from '../errors.js';
import type { RunningServer, ServerOptions } from './server.js';
import type { ThreadAnswer } from './thread-entry.js';

/**
 * As `startServer`, with the same errors, in a worker thread. The thread ends with `close()`, or with the process: it
 * does not keep the process alive. If it dies before, `close()` rejects with the reason.
 */
export async function serveInThread(options: ServerOptions = {}): Promise<RunningServer> {
  const entry = new URL('../../src/server/thread-entry.js', import.meta.url);
  // Node's own options are not passed on: `--input-type`, for one, would keep the thread from loading a file.
  const worker = new Worker(entry, { workerData: options, execArgv: [] });
  const exited = once(worker, 'exit');
  // Whoever closes hears of a death before that; until then nobody listens, and it must not end the process.
  exited.catch(() => {});
  const answer = await firstMessage(worker);
  if (!answer.started) {
    await exited;
    throw fromPlain(answer.error);
  }
  worker.unref();
  return {
    port: answer.port,
    seed: answer.seed,
    async close() {
      worker.ref();
      worker.postMessage('close');
      await exited;
    },
  };
}

async function firstMessage(worker: Worker): Promise<ThreadAnswer> {
  const [answer] = (await once(worker, 'message')) as [ThreadAnswer];
  return answer;
}

// Something that listens on this machine accepts within microseconds, unless it is stuck.
const CONNECT_TIMEOUT_MS = 1000;

/** Whether something accepts connections on this TCP port of localhost; false if nothing has after a second. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: 'localhost', port, signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
