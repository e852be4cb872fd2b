/** Requests for the flags of an embedded server. */
import { loadFlags } from '../../src/server/files.js';

const paths = [...(await loadFlags()).keys()].filter((path) => path.endsWith('.gif'));

/** So many requests, each under a name of its own. */
export function* flagRequests(count: number, port: number): Generator<{ url: string; name: string }> {
  for (let n = 0; n < count; n += 1) {
    yield { url: `http://localhost:${port}${paths[n % paths.length]}?${n}`, name: `${n}.gif` };
  }
}
