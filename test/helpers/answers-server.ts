/**
 * A server whose answers say what their bodies are called, as the query of each request asks for: `cd` the
 * Content-Disposition, `type` the Content-Type, `to` where it redirects to, `size` bytes of the body, and `cut` after how
 * many the first answer breaks off. With the rest of a body nothing more is told.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before } from 'node:test';

export class AnswersServer {
  /** `http://127.0.0.1:PORT`. */
  origin = '';
  /** Paths with queries, as they were requested. */
  requested: string[] = [];
  /** Told of each request. */
  onRequest: (() => void) | undefined;
  #server: Server | undefined;
  #cut = new Set<string>();

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      const path = request.url as string;
      this.requested.push(path);
      this.onRequest?.();
      const { searchParams } = new URL(path, 'http://localhost');
      const [to, disposition, type, cut] = ['to', 'cd', 'type', 'cut'].map((name) => searchParams.get(name));
      if (to) {
        response.writeHead(302, { location: to }).end();
        return;
      }
      const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
      if (disposition && from === undefined)
        response.setHeader('content-disposition', Buffer.from(disposition).toString('latin1'));
      if (type && from === undefined) response.setHeader('content-type', type);
      const body = answerAt(path);
      response.setHeader('etag', `"${body.length}"`);
      if (from === undefined) {
        response.setHeader('content-length', body.length);
        const breaksOff = cut && !this.#cut.has(path);
        this.#cut.add(path);
        if (breaksOff) response.write(body.subarray(0, Number(cut)), () => response.destroy());
        else response.end(body);
      } else {
        response.setHeader('content-range', `bytes ${from}-${body.length - 1}/${body.length}`);
        response.writeHead(206).end(body.subarray(Number(from)));
      }
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A URL whose answer says so. */
  at(path: string, answer: Readonly<Record<string, string>> = {}): string {
    return `${this.origin}${path}${Object.keys(answer).length === 0 ? '' : `?${new URLSearchParams(answer).toString()}`}`;
  }

  forget(): void {
    this.requested = [];
    this.onRequest = undefined;
    this.#cut.clear();
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

/** The body that is at a path with its query. */
export function answerAt(path: string): Buffer {
  const size = Number(new URL(path, 'http://localhost').searchParams.get('size') ?? 0);
  const text = Buffer.from(`body of ${path}\n`);
  return size <= text.length ? text : Buffer.alloc(size, text);
}

/** One for the tests of a suite. */
export function serveAnswers(): AnswersServer {
  const server = new AnswersServer();
  before(() => server.open());
  afterEach(() => server.forget());
  after(() => server.close());
  return server;
}
