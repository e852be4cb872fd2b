/** A server that answers every path with a body that tells it, for tests of where files go. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before } from 'node:test';

export class PathsServer {
  /** `http://127.0.0.1:PORT`. */
  origin = '';
  port = 0;
  /** Paths, as they were requested. */
  requested: string[] = [];
  /** Milliseconds until it answers; of each path, where they are not the same. */
  delay: number | ((path: string) => number) = 0;
  /** Told of each request. */
  onRequest: (() => void) | undefined;
  /** Requests that are answered before {@link release}: those that come after them wait, however slow a machine is. */
  most = Infinity;
  #waiting: (() => void)[] = [];
  #server: Server | undefined;

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.requested.push(request.url as string);
      this.onRequest?.();
      const path = request.url as string;
      const delay = typeof this.delay === 'number' ? this.delay : this.delay(path);
      const answer = (): void => void response.end(bodyAt(path));
      if (this.requested.length > this.most) this.#waiting.push(answer);
      // The open server keeps the process, not who waits for an answer and may be gone.
      else setTimeout(answer, delay).unref();
    });
    // On all addresses, so that it is `localhost`, too.
    await new Promise<void>((resolve) => this.#server?.listen(0, resolve));
    this.port = (this.#server.address() as AddressInfo).port;
    this.origin = `http://127.0.0.1:${this.port}`;
  }

  /** Answers what waits, and whatever comes. */
  release(): void {
    this.most = Infinity;
    for (const answer of this.#waiting.splice(0)) answer();
  }

  forget(): void {
    this.requested = [];
    this.delay = 0;
    this.most = Infinity;
    this.#waiting = [];
    this.onRequest = undefined;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

export function bodyAt(path: string): string {
  return `body of ${path}`;
}

/** One for the tests of a suite. */
export function servePaths(): PathsServer {
  const server = new PathsServer();
  before(() => server.open());
  afterEach(() => server.forget());
  after(() => server.close());
  return server;
}
