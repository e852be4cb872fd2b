/** A server of a test's own, which writes down what it was asked for. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach } from 'node:test';

export interface AskedServer {
  /** `http://127.0.0.1:PORT`, once the tests run. */
  readonly origin: string;
  /** Paths, as they were requested, of one test. */
  readonly requested: string[];
}

/** One for the tests of a suite. */
export function serveAsked(answer: (path: string, response: ServerResponse) => void): AskedServer {
  const requested: string[] = [];
  const asked = { origin: '', requested };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requested.push(path);
    answer(path, response);
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    asked.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => requested.splice(0));
  after(() => server.close());
  return asked;
}
