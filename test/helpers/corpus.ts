/** Many bodies of all kinds, the same in every run, and a server that has them and keeps account of who was asked for. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, gzipSync } from 'node:zlib';
import { noise, text } from './bodies.js';

/** Sizes of bodies: up to this, and a few that are too large to be held whole. */
const SMALL = 40_000;
const LARGE = 300_000;

/** What a file of it is to be. */
export interface Print {
  readonly size: number;
  readonly crc32: number;
}

/** Bodies by the names `f0`, `f1` and so on: empty ones, encoded ones, some without a length, and some that stream. */
export class Corpus {
  readonly count: number;
  readonly #bodies: number;
  readonly #prints = new Map<string, Print>();

  /** @param bodies so many are different. Default: all */
  constructor(count: number, bodies = count) {
    this.count = count;
    this.#bodies = bodies;
    for (const name of this.names()) {
      const body = this.body(name);
      this.#prints.set(name, { size: body.length, crc32: crc32(body) });
    }
  }

  *names(): Generator<string> {
    for (let n = 0; n < this.count; n += 1) yield `f${n}`;
  }

  body(name: string): Buffer {
    const n = this.#numberOf(name);
    if (n % 97 === 5) return Buffer.alloc(0);
    const size = n % 200 === 13 ? LARGE + 1_009 * n : (n * 7_919) % SMALL;
    return isEncoded(n) ? text(size, n) : noise(size, n);
  }

  /** Undefined for a name that it does not have. */
  print(name: string): Print | undefined {
    return this.#prints.get(name);
  }

  /** Lines of a list. */
  list(origin: string): string {
    return [...this.names()].map((name) => `${origin}/${name}\n`).join('');
  }

  answer(name: string, response: ServerResponse): void {
    if (!this.#prints.has(name)) {
      response.writeHead(404).end();
      return;
    }
    const n = this.#numberOf(name);
    const body = this.body(name);
    const bytes = isEncoded(n) ? gzipSync(body, { level: 1 }) : body;
    if (isEncoded(n)) response.setHeader('content-encoding', 'gzip');
    if (n % 5 !== 1) response.setHeader('content-length', bytes.length);
    response.end(bytes);
  }

  #numberOf(name: string): number {
    return Number(name.slice(1)) % this.#bodies;
  }
}

function isEncoded(n: number): boolean {
  return n % 7 === 3 || n % 400 === 213;
}

export interface CorpusServer extends AsyncDisposable {
  readonly origin: string;
  /** Only requests with this in the header `x-run` count: others are a killed run's that were on their way. */
  run: string | undefined;
  /** Names that were asked for since it was emptied, in order. */
  readonly asked: string[];
  /** Told of each request before it is answered; replaced at will. */
  onRequest: () => void;
  /** Answers wait for it; replaced at will. */
  ready: Promise<void>;
  /** Milliseconds that each answer takes besides; replaced at will. */
  latency: number;
}

export async function serveCorpus(corpus: Corpus): Promise<CorpusServer> {
  const server = createServer((request, response) => {
    if (request.headers['x-run'] !== self.run) {
      request.socket.destroy();
      return;
    }
    const name = (request.url as string).slice(1);
    self.asked.push(name);
    self.onRequest();
    void self.ready.then(() => {
      if (self.latency === 0) corpus.answer(name, response);
      else setTimeout(() => corpus.answer(name, response), self.latency);
    });
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const self: CorpusServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    run: undefined,
    asked: [],
    onRequest: () => undefined,
    ready: Promise.resolve(),
    latency: 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}
