/** Requests for the flags of an embedded server. */
import { after, before } from 'node:test';
import { loadFlags } from '../../src/server/files.js';
import type { RunningServer } from '../../src/server/server.js';
import { serveInThread } from '../../src/server/thread.js';

const paths = [...(await loadFlags()).keys()].filter((path) => path.endsWith('.gif'));

/** So many requests, each under a name of its own. */
export function* flagRequests(count: number, port: number): Generator<{ url: string; name: string }> {
  for (let n = 0; n < count; n += 1) {
    yield { url: `http://localhost:${port}${paths[n % paths.length]}?${n}`, name: `${n}.gif` };
  }
}

/** Serves the flags for the tests of a suite: requests for so many of them, of another server if one is given. */
export function serveFlags(): (count: number, other?: RunningServer) => Generator<{ url: string; name: string }> {
  let server: RunningServer;
  before(async () => {
    server = await serveInThread();
  });
  after(() => server.close());
  return (count, { port } = server) => flagRequests(count, port);
}
