/** A list at an http(s) URL, as a stream of bytes. */
import { Buffer } from 'node:buffer';
import { fromPlain, type SluiceError } from '../errors.js';
import type { Item } from '../item.js';
import { type Connection, Connections, type ResponseHandler } from './client.js';
import { describeNetworkFailure, describeStatus, noFinalAnswer, refusedAs } from './failure.js';
import { type Network, openCredentials, openWay } from './network.js';
import { asItLies, RequestHeaders } from './headers.js';
import { isRedirect, redirectTarget, type Target } from './redirect.js';

export interface ListRequest extends Target {
  /** Normalised. */
  readonly url: string;
}

export interface ListRules {
  /** Milliseconds to connect, to wait for an answer, and between two pieces of the body. */
  readonly timeout: number;
  /** For the list's own server: name, value, name, value ... */
  readonly headers: readonly string[];
  readonly network?: Pick<Network, 'way' | 'http2' | 'credentials'>;
  /** Default: that of the program. */
  readonly userAgent: string | undefined;
}

/** Held while who takes the body is slower than the server, in bytes. */
const MAX_QUEUED = 2 ** 20;
/** Interim answers (RFC 9110, 15.2) before the one that was asked for. */
const MAX_INTERIM = 100;
/**
 * Nothing is requested before the first chunk is asked for.
 *
 * @throws SluiceError whose message begins with where it was asked for
 */
export async function* fetchList(
  request: ListRequest,
  { timeout, headers, userAgent, network }: ListRules,
): AsyncGenerator<Uint8Array, void, undefined> {
  const item: Item = { index: 0, url: request.url, origin: request.origin, path: request.path, name: '' };
  const requestHeaders = new RequestHeaders(headers, userAgent, await openCredentials(network?.credentials));
  const connections = new Connections({ timeout, ...(await openWay(network)) });
  try {
    let target: Target = request;
    for (let followed = 0; ; followed += 1) {
      const ask = (connection: Connection): Answer => {
        const asked = new Answer(target);
        // Compressions of the list itself are undone where it is read.
        connections.send(connection, target.path, asItLies(requestHeaders.for(item, target)), asked);
        return asked;
      };
      let answer = ask(connections.open(target.origin));
      // What breaks the rules of HTTP is read leniently.
      if (await answer.isRefused()) answer = ask(connections.openLenient(target.origin));
      const { status, location } = await answer.begun;
      if (status === 200) {
        yield* answer.body();
        return;
      }
      answer.abort();
      if (!isRedirect(status)) {
        throw fromPlain(describeStatus(status, target.origin + target.path, connections.proxyOf(target.origin)));
      }
      const to = redirectTarget(target, location, followed);
      if ('code' in to) throw fromPlain(to);
      target = to;
    }
  } finally {
    await connections.destroy();
  }
}

interface Begun {
  readonly status: number;
  readonly location: string | undefined;
}

/** The answer to one request. */
class Answer implements ResponseHandler {
  /** @throws SluiceError */
  readonly begun: Promise<Begun>;
  readonly #where: string;
  #begin: (begun: Begun | PromiseLike<never>) => void = () => undefined;
  #hasBegun = false;
  #abort: ((reason?: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #interim = 0;
  #queue: Buffer[] = [];
  #queued = 0;
  #paused = false;
  #ended = false;
  #failure: SluiceError | undefined;
  #isRefused = false;
  #woken: (() => void) | undefined;

  constructor({ origin, path }: Target) {
    this.#where = origin + path;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  /** Whether it did not begin, though another reading of it may. */
  isRefused(): Promise<boolean> {
    return this.begun.then(
      () => false,
      () => this.#isRefused,
    );
  }

  abort(): void {
    this.#abort?.(new Error('the rest of the answer is not wanted'));
  }

  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunks = this.#queue;
      this.#queue = [];
      this.#queued = 0;
      yield* chunks;
      if (this.#queue.length > 0) continue;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
        if (this.#paused) setImmediate(() => this.#goOn());
      });
    }
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
  }

  onHeaders(status: number, headers: readonly Buffer[], resume: () => void): boolean {
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) this.#fail(fromPlain(noFinalAnswer(this.#where)));
      return true;
    }
    this.#resume = resume;
    this.#hasBegun = true;
    const at = headers.findIndex((name, at) => at % 2 === 0 && name.toString('latin1').toLowerCase() === 'location');
    const location = at === -1 ? undefined : headers[at + 1]?.toString('latin1');
    this.#begin({ status, location });
    return true;
  }

  onData(chunk: Buffer): boolean {
    // A copy: the memory that it lies in is larger.
    this.#queue.push(Buffer.from(chunk));
    this.#queued += chunk.length;
    this.#wake();
    this.#paused = this.#queued > MAX_QUEUED;
    return !this.#paused;
  }

  onEnd(): void {
    this.#goOn();
  }

  onComplete(): void {
    this.#ended = true;
    this.#wake();
  }

  onBent(): void {
    // What is no list is found out where it is read.
  }

  onError(error: Error): void {
    this.#isRefused = refusedAs(error, this.#hasBegun) !== undefined;
    this.#fail(fromPlain(describeNetworkFailure(error, this.#where, this.#hasBegun)));
  }

  #fail(failure: SluiceError): void {
    this.#failure ??= failure;
    if (!this.#hasBegun) this.#begin(Promise.reject(this.#failure));
    this.abort();
    this.#wake();
  }

  #goOn(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#resume?.();
  }

  #wake(): void {
    this.#woken?.();
    this.#woken = undefined;
  }
}
