/** Asks a server for its robots.txt, once (RFC 9309, 2.3): what there is of it, that there is none, or why that is not known. */
import { brotliDecompressSync, constants, unzipSync } from 'node:zlib';
import type { PlainError } from '../errors.js';
import type { Item } from '../item.js';
import { mayBeOfConnection, sizeOfHead } from './attempt.js';
import type { Connection, Connections, ResponseHandler } from './client.js';
import {
  type AttemptFailure,
  describeNetworkFailure,
  describeStatus,
  noFinalAnswer,
  refusedAs,
  unanswered,
} from './failure.js';
import { asItLies, type RequestHeaders } from './headers.js';
import { isRedirect, redirectTarget, type Target } from './redirect.js';
import { framingOf } from './response-head.js';
import { MAX_ROBOTS } from './robots-rules.js';
import type { Runner, StallWatchdog } from './stall-watchdog.js';
import type { Ration, Throttle } from './throttle.js';

export type RobotsAnswer =
  | { readonly kind: 'told'; readonly text: string }
  /** There is none: nothing is disallowed. */
  | { readonly kind: 'none' }
  /** Nobody knows what it says. */
  | { readonly kind: 'failed'; readonly failure: AttemptFailure };

export interface RobotsRequestRules {
  readonly connections: Connections;
  readonly headers: RequestHeaders;
  readonly watchdog: StallWatchdog;
  /** Milliseconds that all of it may take, but for the time in which its bytes wait for theirs. */
  readonly timeout: number;
  /** Only where the bytes a second are limited. */
  readonly throttle?: Throttle | undefined;
  /** A request is sent besides the first one: where a redirect leads, or once more. */
  readonly onAgain: (origin: string) => void;
}

/** Redirects that are followed, also to other servers: what RFC 9309, 2.3.1.2 asks for at the least. */
const MAX_REDIRECTS = 5;
/** Interim answers (RFC 9110, 15.2) before the one that was asked for. */
const MAX_INTERIM = 100;
const ENOUGH = new Error('the rest of robots.txt is not read');

export class RobotsRequest implements ResponseHandler, Runner {
  /** Its own, not that of the item for which it is asked. */
  readonly limit: { timeLeft: number };
  readonly #item: Item;
  readonly #rules: RobotsRequestRules;
  readonly #onEnd: (answer: RobotsAnswer) => void;
  #target: Target;
  #redirects = 0;
  /** The answer broke the rules of HTTP, and is asked for once more. */
  #isLenient = false;
  #connection: Connection | undefined;
  #abort: ((reason?: Error) => void) | undefined;
  #over = false;
  #askedAt: number | undefined;
  #interim = 0;
  #resume: (() => void) | undefined;
  /** What it may read; undefined where nothing limits that. */
  #ration: Ration | undefined;
  /** It has read more than that for now. */
  #rationed = false;
  #wasRationed = false;
  #status = 0;
  #headers = new Map<string, string>();
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * @param item for which it is asked: its headers go to its own server only
   * @param origin of the server
   * @param onEnd called once
   */
  constructor(item: Item, origin: string, rules: RobotsRequestRules, onEnd: (answer: RobotsAnswer) => void) {
    this.limit = { timeLeft: rules.timeout };
    this.#item = item;
    this.#target = { origin, path: '/robots.txt' };
    this.#rules = rules;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#rules.watchdog.add(this);
    this.#send(this.#rules.connections.take(this.#target.origin));
  }

  cancel(error: PlainError): void {
    // What the watchdog says of a whole item is true of a robots.txt after one time-out.
    this.#fail({ error: this.limit.timeLeft <= 0 ? unanswered(this.where) : error });
  }

  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  get received(): number | undefined {
    return this.#status === 0 ? undefined : this.#length;
  }

  get where(): string {
    return this.#target.origin + this.#target.path;
  }

  takePaused(): boolean {
    const paused = this.#rationed || this.#wasRationed;
    this.#wasRationed = false;
    return paused;
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    this.#askedAt = this.#rules.watchdog.looks;
  }

  onHeaders(status: number, headers: readonly Buffer[], resume: () => void): boolean {
    if (!this.#over) this.#ration?.count(sizeOfHead(headers));
    this.#resume = resume;
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) this.#fail({ error: noFinalAnswer(this.where) });
      return true;
    }
    this.#status = status;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const [name, value] = [headers[i] as Buffer, headers[i + 1] as Buffer];
      this.#headers.set(name.toString('latin1').toLowerCase(), value.toString('latin1').trim());
    }
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#over || this.#length > MAX_ROBOTS) return true;
    this.#length += chunk.length;
    // A copy: the memory that it lies in is larger.
    this.#chunks.push(Buffer.from(chunk));
    if (this.#length > MAX_ROBOTS) this.#abort?.(ENOUGH);
    // A body that goes on after a pause may begin with nothing: see `onEnd`.
    if (this.#ration === undefined || this.#over || chunk.length === 0) return true;
    this.#rationed = !this.#ration.take(chunk.length);
    if (this.#rationed) this.#wasRationed = true;
    return !this.#rationed;
  }

  onEnd(): void {
    this.#readOn();
  }

  onBent(): void {
    // It is read as far as that can be done: whoever wrote it wants it to be obeyed.
  }

  onComplete(): void {
    if (this.#over) return;
    if (this.#connection !== undefined) this.#rules.connections.giveBack(this.#connection);
    this.#connection = undefined;
    this.#conclude();
  }

  onError(error: Error): void {
    if (this.#over) return;
    // Of all but a robots.txt the status is all that matters.
    if (error === ENOUGH || (this.#status >= 300 && refusedAs(error, true) === undefined)) {
      this.#drop();
      this.#conclude();
      return;
    }
    const failure = describeNetworkFailure(error, this.where, this.#status !== 0);
    if (mayBeOfConnection(failure, this.#connection, this.#status !== 0)) {
      this.#drop();
      this.#sendAgain(this.#rules.connections.open(this.#target.origin));
    } else if (!this.#isLenient && refusedAs(error, this.#status !== 0) !== undefined) {
      this.#isLenient = true;
      this.#drop();
      this.#forget();
      this.#sendAgain(this.#rules.connections.openLenient(this.#target.origin));
    } else {
      this.#fail({ error: failure });
    }
  }

  /** Once more, or where a redirect leads. */
  #sendAgain(connection: Connection): void {
    this.#rules.onAgain(this.#target.origin);
    this.#send(connection);
  }

  #send(connection: Connection): void {
    this.#connection = connection;
    this.#askedAt = undefined;
    this.#interim = 0;
    this.#rationed = false;
    this.#ration?.end();
    this.#ration = this.#rules.throttle?.begin(this.#target.origin, () => this.#readOn());
    const { connections, headers } = this.#rules;
    connections.send(connection, this.#target.path, asItLies(headers.for(this.#item, this.#target)), this);
  }

  #readOn(): void {
    if (!this.#rationed || this.#over) return;
    this.#rationed = false;
    this.#resume?.();
  }

  #conclude(): void {
    const status = this.#status;
    if (isRedirect(status)) this.#follow();
    else if (status >= 500 || status === 429) this.#refuse(status);
    else if (status >= 300) this.#end({ kind: 'none' });
    else this.#read();
  }

  /** A server that is busy has not said that there is none. */
  #refuse(status: number): void {
    const retryAfter = this.#headers.get('retry-after');
    this.#fail({ error: describeStatus(status, this.where), status, retryAfter });
  }

  #follow(): void {
    const to = redirectTarget(this.#target, this.#headers.get('location'), this.#redirects);
    if ('code' in to || this.#redirects >= MAX_REDIRECTS) {
      this.#end({ kind: 'none' });
      return;
    }
    this.#redirects += 1;
    this.#target = to;
    this.#isLenient = false;
    this.#forget();
    this.#sendAgain(this.#rules.connections.take(to.origin));
  }

  /** What has come so far. */
  #forget(): void {
    this.#status = 0;
    this.#headers = new Map();
    this.#chunks = [];
    this.#length = 0;
  }

  #read(): void {
    try {
      if (framingOf(this.#headers.get('transfer-encoding') ?? '') === 'foreign')
        throw new RangeError('transfer coding');
      const decoded = decode(Buffer.concat(this.#chunks), this.#headers.get('content-encoding') ?? '');
      const isCut = decoded.length > MAX_ROBOTS;
      // Half a line would say something else.
      const end = isCut ? decoded.lastIndexOf('\n', MAX_ROBOTS) + 1 : decoded.length;
      this.#end({ kind: 'told', text: decoded.toString('utf8', 0, end) });
    } catch {
      const message = `${this.where}: its encoding cannot be undone`;
      this.#fail({ error: { code: 'BODY_ENCODING', message, hint: 'the server is at fault' } });
    }
  }

  #fail(failure: AttemptFailure): void {
    if (this.#over) return;
    this.#drop();
    this.#end({ kind: 'failed', failure });
  }

  #end(answer: RobotsAnswer): void {
    this.#over = true;
    this.#rules.watchdog.delete(this);
    this.#ration?.end();
    // Undici would take an error for a failure of this request, which is over.
    queueMicrotask(() => this.#onEnd(answer));
  }

  #drop(): void {
    if (this.#connection !== undefined) this.#rules.connections.drop(this.#connection);
    this.#connection = undefined;
  }
}

/** As far as it came. None was asked for; it is undone on the main thread. @throws for what cannot be undone, or becomes too large */
function decode(bytes: Buffer, coding: string): Buffer {
  const maxOutputLength = 4 * MAX_ROBOTS;
  switch (coding.toLowerCase()) {
    case '':
    case 'identity':
      return bytes;
    case 'br':
      return brotliDecompressSync(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH });
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return unzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
    default:
      throw new RangeError(coding);
  }
}
