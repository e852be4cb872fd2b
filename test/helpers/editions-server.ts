/** A server whose files change: it says which edition each is by ETag and Last-Modified, and answers 304 where that is asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before } from 'node:test';

export interface Requested {
  readonly path: string;
  readonly etag: string | undefined;
  readonly since: string | undefined;
  readonly status: number;
}

export class EditionsServer {
  /** `http://127.0.0.1:PORT`. */
  origin = '';
  requests: Requested[] = [];
  /** Of each path; 1 where nothing is said. */
  readonly editions = new Map<string, number>();
  /** What the bodies have in common. */
  body: (path: string, edition: number) => string | Buffer = (path, edition) => `edition ${edition} of ${path}`;
  /** Of a path and its edition; undefined for none. */
  etag: (path: string, edition: number) => string | undefined = (path, edition) => `"${path}-${edition}"`;
  modified: (path: string, edition: number) => string | undefined = (_path, edition) =>
    new Date(Date.UTC(2020, 0, edition)).toUTCString();
  /** Answers in the place of it. @returns whether it has */
  instead: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  #server: Server | undefined;

  async open(): Promise<void> {
    this.#server = createServer((request, response) => this.answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  change(...paths: readonly string[]): void {
    for (const path of paths) this.editions.set(path, (this.editions.get(path) ?? 1) + 1);
  }

  statuses(): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const { status } of this.requests) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  forget(): void {
    this.requests = [];
    this.instead = undefined;
    this.editions.clear();
    Object.assign(this, { body: FRESH.body, etag: FRESH.etag, modified: FRESH.modified });
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url as string;
    const { 'if-none-match': asked, 'if-modified-since': since } = request.headers;
    response.on('close', () =>
      this.requests.push({ path, etag: asked, since, status: response.headersSent ? response.statusCode : 0 }),
    );
    if (this.instead?.(request, response) === true) return;
    const edition = this.editions.get(path) ?? 1;
    const [etag, modified] = [this.etag(path, edition), this.modified(path, edition)];
    if (etag !== undefined) response.setHeader('etag', Buffer.from(etag).toString('latin1'));
    if (modified !== undefined) response.setHeader('last-modified', modified);
    // As RFC 9110, 13.2.2, has it: where a tag is asked for, the date does not count.
    const isSame = asked === undefined ? since !== undefined && since === modified : weak(asked) === weak(etag);
    if (isSame) response.writeHead(304).end();
    else response.end(this.body(path, edition));
  }
}

function weak(tag: string | undefined): string | undefined {
  return tag?.replace(/^W\//, '');
}

const FRESH = new EditionsServer();

/** One for the tests of a suite. */
export function serveEditions(): EditionsServer {
  const server = new EditionsServer();
  before(() => server.open());
  afterEach(() => server.forget());
  after(() => server.close());
  return server;
}

/** Paths whose answers come to nothing with {@link failing}. */
export const FAILING = ['/cut', '/error', '/gone', '/large', '/checked'] as const;

/** As {@link EditionsServer.instead}: each of these fails in another way, `/large` with a body that comes in parts. */
export function failing(request: IncomingMessage, response: ServerResponse): boolean {
  const path = request.url as string;
  if (path === '/error') response.writeHead(500).end();
  else if (path === '/gone') response.writeHead(404).end();
  else if (path === '/cut' || path === '/large') {
    response.writeHead(200, { 'content-length': 4 << 20 });
    response.write(Buffer.alloc(path === '/cut' ? 10 : 2 << 20), () => response.destroy());
  } else if (path === '/checked') response.setHeader('content-encoding', 'gzip').end('no gzip');
  else return false;
  return true;
}
