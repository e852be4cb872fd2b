/** A server in a thread of its own, as it would be on another machine: its paths say what it answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { noise } from './bodies.js';

/**
 * Answers `/noise/SEED/BYTES`, `/gzip/SEED/BYTES`, `/status/CODE` (with Retry-After: 7) and `/hang`, and ends with the
 * test.
 *
 * @returns its origin
 */
export async function serveInThread(t: { after(fn: () => Promise<unknown>): void }): Promise<string> {
  const worker = new Worker(new URL(import.meta.url));
  t.after(() => worker.terminate());
  const port = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return `http://127.0.0.1:${port}`;
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const server = createServer((request, response) => {
    const [, kind, first, second] = (request.url as string).split('/');
    if (kind === 'noise') response.end(noise(Number(second), Number(first)));
    else if (kind === 'gzip')
      response.setHeader('content-encoding', 'gzip').end(gzipSync(noise(Number(second), Number(first))));
    else if (kind === 'status') response.writeHead(Number(first), { 'retry-after': '7' }).end('no');
  }).listen(0, '127.0.0.1', () => port.postMessage((server.address() as AddressInfo).port));
}
