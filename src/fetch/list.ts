/** A list at an http(s) URL, as a stream of bytes. */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import type { PlainError } from '../errors.js';
import type { Item } from '../item.js';
import { unreadable, unreadableBecause } from '../lists/read.js';
import { spool } from '../lists/spool.js';
import { Connections, type ResponseHandler } from './client.js';
import { describeNetworkFailure, describeStatus, noFinalAnswer } from './failure.js';
import { RequestHeaders } from './headers.js';
import { isRedirect, redirectTarget, type Target } from './redirect.js';

export interface ListRequest extends Target {
  /** Normalised. */
  readonly url: string;
  /** What messages call it. */
  readonly label: string;
}

export interface ListRules {
  /** Milliseconds to connect, to wait for an answer, and between two pieces of the body. */
  readonly timeout: number;
  /** For the list's own server: name, value, name, value ... */
  readonly headers: readonly string[];
}

/** Held while who takes the body is slower than the server, in bytes. */
const MAX_QUEUED = 2 ** 20;
/** Interim answers (RFC 9110, 15.2) before the one that was asked for. */
const MAX_INTERIM = 100;
const READ_BYTES = 64 * 1024;

/**
 * Nothing is requested before the first chunk is asked for. Then the list is fetched as a whole into a file that is gone
 * afterwards: a server would not wait for as long as its files take to be downloaded.
 *
 * @throws SluiceError LIST_UNREADABLE
 */
export async function* fetchList(request: ListRequest, rules: ListRules): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await fetchFile(request, rules);
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (let at = 0; ;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function fetchFile(request: ListRequest, { timeout, headers }: ListRules): Promise<FileHandle> {
  const item: Item = { index: 0, url: request.url, origin: request.origin, path: request.path, name: '' };
  const requestHeaders = new RequestHeaders(headers);
  const connections = new Connections({ timeout });
  try {
    let target: Target = request;
    for (let followed = 0; ; followed += 1) {
      const answer = new Answer(target);
      const connection = connections.open(target.origin);
      connections.send(connection, target.path, asItLies(requestHeaders.for(item, target)), answer);
      const { status, location } = await answer.begun;
      if (status === 200) return await spool(answer.body());
      answer.abort();
      if (!isRedirect(status)) throw new Failure(describeStatus(status, target.origin + target.path));
      const to = redirectTarget(target, location, followed);
      if ('code' in to) throw new Failure(to);
      target = to;
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw unreadable(request.label, error);
    const { message, hint } = error.error;
    const where = `${request.origin}${request.path}: `;
    const why = message.startsWith(where) ? message.slice(where.length) : message;
    throw unreadableBecause(request.label, why, hint, error);
  } finally {
    await connections.destroy();
  }
}

class Failure extends Error {
  readonly error: PlainError;

  constructor(error: PlainError) {
    super(error.message);
    this.error = error;
  }
}

/** Compressions of the list itself are undone where it is read; none is asked for besides. */
function asItLies(headers: readonly string[]): string[] {
  const before = (at: number): string => (headers[at - 1] ?? '').toLowerCase();
  return headers.map((text, at) => (at % 2 === 1 && before(at) === 'accept-encoding' ? 'identity' : text));
}

interface Begun {
  readonly status: number;
  readonly location: string | undefined;
}

/** The answer to one request. */
class Answer implements ResponseHandler {
  /** @throws Failure */
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
  #failure: Failure | undefined;
  #woken: (() => void) | undefined;

  constructor({ origin, path }: Target) {
    this.#where = origin + path;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
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
      if (this.#interim > MAX_INTERIM) this.#fail(new Failure(noFinalAnswer(this.#where)));
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

  onError(error: Error): void {
    this.#fail(new Failure(describeNetworkFailure(error, this.#where, this.#hasBegun)));
  }

  #fail(failure: Failure): void {
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
