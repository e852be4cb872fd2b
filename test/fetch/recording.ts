/** Runs attempts and records how they end, for the tests of the fetch stage. */
import assert from 'node:assert/strict';
import type { PlainError } from '../../src/errors.js';
import type { BodyWriter } from '../../src/body.js';
import { Attempt, type AttemptListener } from '../../src/fetch/attempt.js';
import { Connections } from '../../src/fetch/client.js';
import type { Disallowing } from '../../src/fetch/directives.js';
import { RequestHeaders } from '../../src/fetch/headers.js';
import { StallWatchdog, type TimeLimit } from '../../src/fetch/stall-watchdog.js';
import type { Redirected } from '../../src/fetch/redirect.js';
import type { AttemptFailure } from '../../src/fetch/failure.js';
import type { Item } from '../../src/item.js';
import { type RawServer, type RawServerOptions, startRawServer } from '../helpers/raw-server.js';

/** How an attempt ended; of a body that went to a writer, `text` is what the writer got. Texts are latin1. */
export type Ended =
  | {
      readonly kind: 'body';
      readonly text: string;
      readonly chunks: number;
      readonly encoding: string;
      readonly unproven?: true;
      readonly bent?: true;
    }
  | { readonly kind: 'large'; readonly text: string; readonly unproven?: true; readonly bent?: true }
  | { readonly kind: 'not_found'; readonly status: number }
  | { readonly kind: 'disallowed'; readonly error: PlainError }
  | ({ readonly kind: 'failure' } & AttemptFailure);

export interface FetchOptions {
  /** For every request: name, value, name, value ... */
  readonly headers?: readonly string[];
  /** Bytes. Default: 64 KiB. */
  readonly maxWhole?: number;
  /** Bytes. Default: without a bound. */
  readonly maxBodySize?: number;
  /** Default: false. */
  readonly strict?: boolean;
  /** Default: none is looked at. */
  readonly disallowing?: Disallowing;
  /** Default: without bounds. */
  readonly limit?: TimeLimit;
  readonly watchdog?: StallWatchdog;
  /** Default: a writer that always has room. */
  readonly openLarge?: (onRoom: () => void) => BodyWriter;
  /** Given the pieces of a whole body, as they were read. */
  readonly onChunks?: (chunks: readonly Uint8Array[]) => void;
  /** Whether they are needed after that. Default: false. */
  readonly keeps?: boolean;
  /** Called inside the callback that ends the attempt, as the pipeline is. */
  readonly onEnd?: (ended: Ended) => void;
}

export interface Running {
  /** Rejects when the attempt ends twice. */
  readonly ended: Promise<Ended>;
  cancel(error: PlainError): void;
}

/** Minds nothing. */
const WATCHDOG = new StallWatchdog({ timeout: 60_000, lowestSpeed: 0 }, Infinity);

let index = 0;

export function itemFor(url: string): Item {
  const { href, origin, pathname, search } = new URL(url);
  index += 1;
  return { index, url: href, origin, path: pathname + search, name: `file-${index}` };
}

export function startFetch(connections: Connections, url: string, options: FetchOptions = {}): Running {
  const item = itemFor(url);
  const { promise, resolve, reject } = deferred<Ended>();
  let ends = 0;
  let proof: { unproven?: true; bent?: true } = {};
  let toWriter: string[] = [];

  function end(of: Item, ended: Ended): void {
    ends += 1;
    if (ends > 1 || of !== item) reject(new Error(`ended ${ends} times, last with ${JSON.stringify(ended)}`));
    options.onEnd?.(ended);
    // Not at once, so that a second end is seen.
    setImmediate(() => resolve(ended));
  }
  const listener: AttemptListener = {
    onRedirect(of, to) {
      assert.equal(of, item);
      begin(to);
    },
    onUnproven() {
      proof = { ...proof, unproven: true };
    },
    onBent() {
      proof = { ...proof, bent: true };
    },
    onBody(of, chunks, length, encoding) {
      const bytes = Buffer.concat(chunks);
      assert.equal(bytes.length, length);
      options.onChunks?.(chunks);
      end(of, { kind: 'body', text: bytes.toString('latin1'), chunks: chunks.length, encoding, ...proof });
      return options.keeps !== true;
    },
    openLarge(_item, _encoding, onRoom) {
      const inner = options.openLarge?.(onRoom);
      return {
        copies: inner?.copies === true,
        write(chunk) {
          toWriter.push(Buffer.from(chunk).toString('latin1'));
          return inner?.write(chunk) ?? true;
        },
        end: () => inner?.end(),
        abort: () => inner?.abort(),
      };
    },
    onLarge: (of) => end(of, { kind: 'large', text: toWriter.join(''), ...proof }),
    onNotFound: (of, status) => end(of, { kind: 'not_found', status }),
    onDisallowed: (of, error) => end(of, { kind: 'disallowed', error }),
    onFailure: (of, failure) => end(of, { kind: 'failure', ...failure }),
  };
  const { maxWhole = 64 << 10, maxBodySize = Infinity, strict = false } = options;
  const headers = new RequestHeaders(options.headers ?? []);
  const { limit = { timeLeft: Infinity }, watchdog = WATCHDOG } = options;
  let attempt: Attempt;
  function begin(from?: Redirected): void {
    toWriter = [];
    const rules = { headers, maxWhole, maxBodySize, strict, watchdog, disallowing: options.disallowing };
    attempt = new Attempt(item, limit, connections, rules, listener, undefined, from);
    attempt.start();
  }
  begin();
  return { ended: promise, cancel: (error) => attempt.cancel(error) };
}

export function fetchOne(connections: Connections, url: string, options?: FetchOptions): Promise<Ended> {
  return startFetch(connections, url, options).ended;
}

/** Runs a test with a scripted server, and connections that end with it. */
export async function withServer(
  options: RawServerOptions,
  test: (server: RawServer, connections: Connections) => Promise<void>,
): Promise<void> {
  await using server = await startRawServer(options);
  const connections = new Connections({ timeout: 60_000 });
  try {
    await test(server, connections);
  } finally {
    await connections.destroy();
  }
}

export function assertFailure(ended: Ended | undefined, code: PlainError['code'], message?: RegExp): void {
  assert.equal(ended?.kind, 'failure', JSON.stringify(ended));
  assert.equal(ended.error.code, code, JSON.stringify(ended.error));
  assert.notEqual(ended.error.hint, '');
  if (message !== undefined) assert.match(ended.error.message, message);
}

/** Waits until a condition holds; fails after a minute. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    assert.ok(turns < 12_000, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined;
  let reject: Deferred<T>['reject'] = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
