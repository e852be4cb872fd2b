/** One attempt to fetch an item from one server: redirects within it, the status, and a body that is kept whole or, when it is large, passed on. */
import type { PlainError } from '../errors.js';
import type { BodyWriter } from '../body.js';
import type { Item } from '../item.js';
import type { Answer } from '../outcome.js';
import type { Kept, Whole } from '../protocol/result.js';
import type { Connection, Connections, ResponseHandler } from './client.js';
import { directiveIn, disallowedBy, type Disallowing } from './directives.js';
import { codingToUndo, provesEnd } from './encoding.js';
import {
  type AttemptFailure,
  cut,
  describeNetworkFailure,
  describeStatus,
  noFinalAnswer,
  tooLarge,
  tooLong,
  unproven,
} from './failure.js';
import { isRedirect, type Redirected, redirectTarget, type Target } from './redirect.js';
import type { RequestHeaders } from './headers.js';
import type { StallWatchdog, Runner, TimeLimit } from './stall-watchdog.js';
import { isRestOf, isWorthKeeping, placeOf, wholeOf } from './range.js';

/** What becomes of attempts. Every attempt ends with exactly one of these; `openLarge` comes before its end. */
export interface AttemptListener {
  /**
   * The final answer brings the body from its beginning, and has these headers: name, value, name, value ... They share memory
   * with other responses. With the rest of a body most headers are not told again (RFC 9110, 15.3.7).
   *
   * @param url where redirects have led
   */
  readonly onHeaders?: ((item: Item, headers: readonly Buffer[], url: string) => void) | undefined;
  /** The final answer begins. */
  onAnswer?(item: Item, answer: Answer): void;
  /** The answer leads to another server, or with `handsOnRedirects` elsewhere: to be gone on with there by another attempt, when that server may be asked. */
  onRedirect(item: Item, to: Redirected): void;
  /** Nothing but the end of the connection will tell where the body ends: it may be cut, and nobody would know. */
  onUnproven?(item: Item): void;
  /** The body is whole. The chunks share memory with other responses. */
  onBody(item: Item, chunks: readonly Uint8Array[], length: number, encoding: string): void;
  /** @param whole of a body that can be gone on with when it breaks off; with `from` it is the rest of one */
  openLarge(item: Item, encoding: string, onRoom: () => void, whole?: Whole | Kept): BodyWriter;
  /** A body that went to a writer is whole, for `ago` milliseconds already if it is told late. */
  onLarge(item: Item, ago?: number): void;
  onNotFound(item: Item, status: number): void;
  /** Whose server it is does not want the file to be taken. */
  onDisallowed(item: Item, error: PlainError): void;
  onFailure(item: Item, failure: AttemptFailure): void;
}

/** What the attempts of a run have in common. */
export interface AttemptRules {
  readonly headers: RequestHeaders;
  /** Bytes: a larger body is passed on in parts. */
  readonly maxWhole: number;
  /** Bytes that a body may have; of one with a coding only the store knows them. */
  readonly maxBodySize: number;
  /** A body whose end nothing proves is an error. */
  readonly strict: boolean;
  readonly watchdog: StallWatchdog;
  /** Headers that say of a file that it is not to be taken. Default: none is looked at. */
  readonly disallowing?: Disallowing | undefined;
  /** Redirects to the same server are handed on, too: it may not want to be asked for where they lead. */
  readonly handsOnRedirects?: boolean;
}

/** How the end of a body is told (RFC 9112, 6.3). */
type Framing = 'length' | 'chunks' | 'connection';

/** Bytes of a body that nobody wants which are read so that the connection can be used again. */
const MAX_DISCARDED = 64 << 10;
/** Interim answers (RFC 9110, 15.2) before the one that was asked for. */
const MAX_INTERIM = 100;
/** Chunks that a body may lie in before they are joined: each holds more memory than its bytes. */
const MAX_CHUNKS = 64;

/** In place of a status: of an answer whose body is passed over. */
const NOT_TAKEN = -1;

const EMPTY: readonly Uint8Array[] = [];
/** Why a body that nobody wants is broken off. */
const ENOUGH = new Error('the rest of the body is not wanted');
/** Why an answer is broken off that is not the rest of what is kept. */
const ANEW = new Error('the body is fetched from its beginning');

export class Attempt implements ResponseHandler, Runner {
  readonly limit: TimeLimit;
  readonly #item: Item;
  readonly #connections: Connections;
  readonly #rules: AttemptRules;
  readonly #listener: AttemptListener;

  #target: Target;
  #redirects: number;
  #connection: Connection | undefined;
  #abort: ((reason?: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #over = false;

  #askedAt: number | undefined;
  /** Interim answers to the request under way. */
  #interim = 0;
  #status = 0;
  #location: string | undefined;
  #retryAfter: string | undefined;
  /** Why the file is not to be taken. */
  #disallowed: PlainError | undefined;
  #encoding = '';
  #framing: Framing = 'connection';
  #chunks: Uint8Array[] | undefined;
  /** What is there of the body already; undefined once it turned out to be of no use. */
  #kept: Kept | undefined;
  /** The same, where the request under way asks for no more than the rest, as long as nothing else is answered. */
  #asked: Kept | undefined;
  /** Of a body that may be worth keeping when it breaks off. */
  #headers: readonly Buffer[] | undefined;
  #length = 0;
  /** What the last piece of the body was read with, and where in its memory that piece ends. */
  #read: Uint8Array | undefined;
  #readTo = 0;
  #writer: BodyWriter | undefined;
  #paused = false;
  #wasPaused = false;

  /**
   * @param kept what is there of the body already: only the rest is asked for
   * @param from where redirects have led. Default: nowhere yet
   */
  constructor(
    item: Item,
    limit: TimeLimit,
    connections: Connections,
    rules: AttemptRules,
    listener: AttemptListener,
    kept?: Kept,
    from?: Redirected,
  ) {
    this.limit = limit;
    this.#item = item;
    this.#target = from?.target ?? item;
    this.#redirects = from?.redirects ?? 0;
    this.#connections = connections;
    this.#rules = rules;
    this.#listener = listener;
    this.#kept = kept;
  }

  start(): void {
    this.#rules.watchdog.add(this);
    this.#send(this.#connections.take(this.#target.origin));
  }

  /** Ends the attempt; the listener is told of a failure with this error. */
  cancel(error: PlainError): void {
    this.#fail({ error });
  }

  /** The item's own string where it says the same: it is not made anew for each answer. */
  get #answeredUrl(): string {
    const { url, origin, path } = this.#item;
    return this.#target === this.#item && url.length === origin.length + path.length ? url : this.where;
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
    const paused = this.#paused || this.#wasPaused;
    this.#wasPaused = false;
    return paused;
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    this.#askedAt = this.#rules.watchdog.looks;
  }

  onHeaders(status: number, headers: readonly Buffer[], resume: () => void): boolean {
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) this.#fail({ error: noFinalAnswer(this.where) });
      return true;
    }
    const rest =
      this.#asked !== undefined && status === 206 && isRestOf(this.#asked, headers) ? this.#asked : undefined;
    if (this.#asked !== rest && !this.#over) {
      if (status === 206 || status === 416) {
        this.#abort?.(ANEW);
        return true;
      }
      this.#asked = undefined;
    }
    this.#status = rest === undefined ? status : 200;
    this.#resume = resume;
    let coding = '';
    let type = '';
    let etag = '';
    let lastModified = '';
    let framing: Framing = 'connection';
    let announced = 0;
    const { disallowing } = this.#rules;
    let directive: string | undefined;
    // Compared by length first: nearly all of a response's headers are passed over without being decoded.
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] as Buffer;
      const value = headers[i + 1] as Buffer;
      if (isNamed(name, CONTENT_LENGTH)) {
        framing = 'length';
        announced = numberIn(value);
        // A size of seven digits is the least that may be.
        if (value.length >= 7 && isWorthKeeping(value.toString('latin1'))) this.#headers = headers;
      } else if (isNamed(name, CONTENT_ENCODING)) coding += (coding && ', ') + value.toString('latin1');
      else if (isNamed(name, CONTENT_TYPE)) type = value.toString('latin1');
      else if (isNamed(name, ETAG)) etag = value.toString('latin1');
      else if (isNamed(name, LAST_MODIFIED)) lastModified = value.toString('latin1');
      else if (isNamed(name, LOCATION)) this.#location = value.toString('latin1');
      else if (isNamed(name, RETRY_AFTER)) this.#retryAfter = value.toString('latin1');
      else if (isNamed(name, TRANSFER_ENCODING)) framing = isChunked(value) ? 'chunks' : 'connection';
      else if (disallowing !== undefined && isNamed(name, X_ROBOTS_TAG)) {
        directive ??= directiveIn(value.toString('latin1'), disallowing);
      }
    }
    if (!this.#over && !isRedirect(status)) {
      const answer = { status: this.#status, url: this.#answeredUrl, contentType: type, etag, lastModified };
      this.#listener.onAnswer?.(this.#item, answer);
    }
    this.#framing = framing;
    this.#encoding = coding === '' ? '' : codingToUndo(coding, type, this.#item.path, this.#target.path);
    if (directive !== undefined && this.#status === 200) {
      this.#disallowed = disallowedBy(directive, this.where);
      this.#status = NOT_TAKEN;
      return true;
    }
    if (rest !== undefined && rest.total > this.#rules.maxBodySize) this.#refuse();
    if (rest !== undefined && !this.#over) {
      this.#headers = undefined;
      this.#writer = this.#open(rest);
    }
    if (status !== 200 || this.#over) return true;
    this.#listener.onHeaders?.(this.#item, headers, this.where);
    if (announced > this.#rules.maxBodySize && this.#encoding === '') {
      this.#refuse();
      return true;
    }
    if (framing === 'connection' && !provesEnd(this.#encoding)) {
      if (this.#rules.strict) this.#fail({ error: unproven(this.where) });
      else this.#listener.onUnproven?.(this.#item);
    }
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#over) return true;
    this.#length += chunk.length;
    this.#read = this.#connection?.read;
    this.#readTo = chunk.byteOffset + chunk.length;
    if (this.#status !== 200) {
      if (this.#length > MAX_DISCARDED) this.#abort?.(ENOUGH);
      return true;
    }
    if (this.#length > this.#rules.maxBodySize && this.#encoding === '') {
      this.#refuse();
      return true;
    }
    if (this.#writer !== undefined) {
      if (this.#missing < 0) this.#fail({ error: tooLong(this.where) });
      // A body that goes on after a pause may begin with nothing, which must not pause it again: see `onEnd`.
      return this.#over || chunk.length === 0 || this.#goOn(this.#writer.write(chunk));
    }
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    if (this.#length > this.#rules.maxWhole) return this.#passOn(this.#chunks);
    if (this.#chunks.length > MAX_CHUNKS) this.#chunks = [Buffer.concat(this.#chunks)];
    return true;
  }

  onEnd(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#resume?.();
  }

  onComplete(): void {
    if (this.#over) return;
    const isTooLong = this.#isTooLong;
    if (isTooLong) this.#drop();
    else if (this.#connection !== undefined) this.#connections.giveBack(this.#connection);
    this.#connection = undefined;
    if (isTooLong && this.#status === 200) this.#fail({ error: tooLong(this.where) });
    else if (this.#missing > 0) this.#fail({ error: cut(this.where) });
    else this.#conclude();
  }

  onError(error: Error): void {
    if (this.#over) return;
    if (error === ANEW) {
      this.#drop();
      this.#kept = undefined;
      this.#send(this.#connections.take(this.#target.origin));
      return;
    }
    if (error === ENOUGH) {
      this.#drop();
      this.#conclude();
      return;
    }
    const failure = describeNetworkFailure(error, this.where, this.#status !== 0);
    if (this.#connection?.used === true && this.#status === 0 && isOfConnection(failure)) {
      this.#drop();
      this.#send(this.#connections.open(this.#target.origin));
    } else {
      this.#fail({ error: failure });
    }
  }

  #send(connection: Connection): void {
    this.#connection = connection;
    const { headers } = this.#rules;
    const isThere = this.#kept !== undefined && this.#kept.place === placeOf(this.#target);
    this.#asked = isThere ? this.#kept : undefined;
    this.#askedAt = undefined;
    this.#interim = 0;
    const wanted =
      this.#asked === undefined
        ? headers.for(this.#item, this.#target)
        : headers.forRest(this.#item, this.#target, this.#asked);
    this.#connections.send(connection, this.#target.path, wanted, this);
  }

  /**
   * Whether more came than was announced. What follows the body in the same read is asked for here; what comes later
   * undici takes for the answer to nothing, which ends the connection.
   */
  get #isTooLong(): boolean {
    const read = this.#connection?.read;
    if (this.#framing !== 'length' || this.#length === 0 || read === undefined) return false;
    return read === this.#read ? read.byteOffset + read.length > this.#readTo : read.length > 0;
  }

  /**
   * Bytes of the rest that is asked for which have not come; below 0 there are too many. However the answer is framed,
   * its Content-Range has said how many there are.
   */
  get #missing(): number {
    return this.#asked === undefined ? 0 : this.#asked.total - this.#asked.from - this.#length;
  }

  #conclude(): void {
    try {
      if (isRedirect(this.#status)) this.#follow();
      else this.#end();
    } catch (error) {
      // Undici would take it for a failure of this request, which is over: its item would never end.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #end(): void {
    this.#finish();
    if (this.#status === 404 || this.#status === 410) {
      this.#listener.onNotFound(this.#item, this.#status);
    } else if (this.#disallowed !== undefined) {
      this.#listener.onDisallowed(this.#item, this.#disallowed);
    } else if (this.#status !== 200) {
      this.#listener.onFailure(this.#item, {
        error: describeStatus(this.#status, this.where),
        status: this.#status,
        retryAfter: this.#retryAfter,
      });
    } else if (this.#writer !== undefined) {
      this.#writer.end();
      this.#listener.onLarge(this.#item);
    } else {
      this.#listener.onBody(this.#item, this.#chunks ?? EMPTY, this.#length, this.#encoding);
    }
  }

  #follow(): void {
    const target = redirectTarget(this.#target, this.#location, this.#redirects);
    if ('code' in target) {
      this.#fail({ error: target });
      return;
    }
    this.#redirects += 1;
    if (target.origin !== this.#target.origin || this.#rules.handsOnRedirects === true) {
      this.#finish();
      this.#listener.onRedirect(this.#item, { target, redirects: this.#redirects });
      return;
    }
    this.#target = target;
    this.#status = 0;
    this.#location = undefined;
    this.#retryAfter = undefined;
    this.#headers = undefined;
    this.#length = 0;
    this.start();
  }

  /** Before any of it is stored that need not be. */
  #refuse(): void {
    this.#fail({ error: tooLarge(this.where, this.#rules.maxBodySize) });
  }

  #fail(failure: AttemptFailure): void {
    if (this.#over) return;
    this.#finish();
    this.#drop();
    this.#writer?.abort();
    this.#listener.onFailure(this.#item, failure);
  }

  #open(whole: Whole | Kept | undefined): BodyWriter {
    const onRoom = (): void => {
      if (!this.#paused || this.#over) return;
      this.#paused = false;
      // Not from inside another response's callback: undici's parser is not re-entrant.
      setImmediate(() => this.#resume?.());
    };
    return this.#listener.openLarge(this.#item, this.#encoding, onRoom, whole);
  }

  #passOn(chunks: readonly Uint8Array[]): boolean {
    const writer = this.#open(this.#headers && wholeOf(this.#headers, placeOf(this.#target)));
    this.#writer = writer;
    this.#headers = undefined;
    this.#chunks = undefined;
    return this.#goOn(chunks.reduce((_room, chunk) => writer.write(chunk), true));
  }

  #goOn(room: boolean): boolean {
    this.#paused = !room;
    if (!room) this.#wasPaused = true;
    return room;
  }

  #finish(): void {
    this.#over = true;
    this.#rules.watchdog.delete(this);
  }

  #drop(): void {
    if (this.#connection !== undefined) this.#connections.drop(this.#connection);
    this.#connection = undefined;
  }
}

/**
 * Whether a failure before the answer may be the fault of what the connection carried before: the server closed it when
 * it had been idle (RFC 9112, 9.3.1 allows to send a GET again then), or sent more than the last answer's length.
 */
export function isOfConnection({ code }: PlainError): boolean {
  return code === 'NET_RESET' || code === 'HTTP_BROKEN';
}

const CONTENT_LENGTH = Buffer.from('content-length');
const CONTENT_ENCODING = Buffer.from('content-encoding');
const CONTENT_TYPE = Buffer.from('content-type');
const ETAG = Buffer.from('etag');
const LAST_MODIFIED = Buffer.from('last-modified');
const LOCATION = Buffer.from('location');
const RETRY_AFTER = Buffer.from('retry-after');
const X_ROBOTS_TAG = Buffer.from('x-robots-tag');
const TRANSFER_ENCODING = Buffer.from('transfer-encoding');

/** @param lowerCase letters and hyphens: with the bit that tells cases apart they are themselves */
function isNamed(name: Buffer, lowerCase: Buffer): boolean {
  if (name.length !== lowerCase.length) return false;
  for (let i = 0; i < name.length; i += 1) if (((name[i] as number) | 0x20) !== lowerCase[i]) return false;
  return true;
}

/** A number in decimal digits, up to where they end. */
function numberIn(text: Buffer): number {
  let number = 0;
  for (let i = 0; i < text.length && isDigit(text[i] as number); i += 1)
    number = 10 * number + (text[i] as number) - ZERO;
  return number;
}

const ZERO = 0x30;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}

/** Only as the last coding it tells where a body ends. */
function isChunked(transferEncoding: Buffer): boolean {
  return /(?:^|[\s,])chunked\s*$/i.test(transferEncoding.toString('latin1'));
}
