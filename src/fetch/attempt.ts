/** One attempt to fetch an item from one server: redirects within it, the status, and a body that is kept whole or, when it is large, passed on. */
import type { PlainError } from '../errors.js';
import type { BodyWriter } from '../body.js';
import type { Item } from '../item.js';
import type { Answer } from '../outcome.js';
import type { Kept, Whole } from '../protocol/result.js';
import type { Connection, Connections, ResponseHandler } from './client.js';
import { Chain } from './chain.js';
import { conditionsAt } from './conditions.js';
import { disallowedBy, type Disallowing } from './directives.js';
import { codingToUndo, provesEnd } from './encoding.js';
import {
  type AttemptFailure,
  bent,
  cut,
  describeNetworkFailure,
  describeStatus,
  foreignCoding,
  noFinalAnswer,
  refusedAs,
  strictly,
  tooLarge,
  tooLong,
  unproven,
} from './failure.js';
import { isRedirect, type Redirected, type Target } from './redirect.js';
import type { RequestHeaders } from './headers.js';
import type { StallWatchdog, Runner, TimeLimit } from './stall-watchdog.js';
import { isAll, isRestOf, placeOf, wholeOf } from './range.js';
import { readResponseHead, type ResponseHead } from './response-head.js';
import type { Ration, Throttle } from './throttle.js';

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
  /**
   * To be gone on with by another attempt, when that server may be asked: the answer leads to another one, or where each
   * request is told of to another place, or it breaks the rules of HTTP, and is to be read leniently.
   */
  onRedirect(item: Item, to: Redirected): void;
  /** It is requested once more in the same attempt, since its connection or what was kept of it turned out to be of no use. */
  onAgain?(item: Item): void;
  /** An answer breaks the rules of HTTP, and is read all the same. */
  onBent?(item: Item): void;
  /** Nothing but the end of the connection will tell where the body ends: it may be cut, and nobody would know. */
  onUnproven?(item: Item): void;
  /**
   * The body is whole. The chunks share memory with other responses.
   *
   * @returns whether they are needed no more: their memory is used again
   */
  onBody(item: Item, chunks: readonly Uint8Array[], length: number, encoding: string): boolean;
  /** @param whole of a body that can be gone on with when it breaks off; with `from` it is the rest of one */
  openLarge(item: Item, encoding: string, onRoom: () => void, whole?: Whole | Kept): BodyWriter;
  /** A body that went to a writer is whole, for `ago` milliseconds already if it is told late. */
  onLarge(item: Item, ago?: number): void;
  onNotFound(item: Item, status: number): void;
  /** It is what it was when it was fetched last. Without this, such an answer is a failure. */
  onUnchanged?(item: Item): void;
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
  /** A body whose end nothing proves is an error, and an answer that breaks the rules. */
  readonly strict: boolean;
  readonly watchdog: StallWatchdog;
  /** Each request is told of before it is sent, those after redirects within a server, too: their number is limited. */
  readonly tellsEach?: boolean | undefined;
  /** Only where the bytes a second are limited. */
  readonly throttle?: Throttle | undefined;
  /** Headers that say of a file that it is not to be taken. Default: none is looked at. */
  readonly disallowing?: Disallowing | undefined;
}

/** Bytes of a body that nobody wants which are read so that the connection can be used again. */
const MAX_DISCARDED = 64 << 10;
/** Interim answers (RFC 9110, 15.2) before the one that was asked for. */
const MAX_INTERIM = 100;
/** Chunks that a body may lie in before they are joined: each holds more memory than its bytes. */
const MAX_CHUNKS = 64;

/** The file, as somebody on the way has changed it (RFC 9110, 15.3.4). */
const NON_AUTHORITATIVE = 203;
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

  readonly #chain: Chain;
  #connection: Connection | undefined;
  #abort: ((reason?: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #over = false;

  #askedAt: number | undefined;
  /** Interim answers to the request under way. */
  #interim = 0;
  #status = 0;
  #head: ResponseHead | undefined;
  /** Why the file is not to be taken. */
  #disallowed: PlainError | undefined;
  #encoding = '';
  #chunks: Uint8Array[] | undefined;
  /** What is there of the body already; undefined once it turned out to be of no use. */
  #kept: Kept | undefined;
  /** The same, where the request under way asks for no more than the rest, as long as nothing else is answered. */
  #asked: Kept | undefined;
  /** The request under way asks for a body only if that has changed. */
  #isConditional = false;
  /** Of a body that may be worth keeping when it breaks off. */
  #headers: readonly Buffer[] | undefined;
  #length = 0;
  /** What the last piece of the body was read with, and where in its memory that piece ends. */
  #read: Uint8Array | undefined;
  #readTo = 0;
  #writer: BodyWriter | undefined;
  #paused = false;
  #wasPaused = false;
  /** What it may read; undefined where nothing limits that. */
  #ration: Ration | undefined;
  /** It has read more than that for now. */
  #rationed = false;

  /**
   * @param kept what is there of the body already: only the rest is asked for
   * @param from where redirects have led, and how it is asked for there. Default: nowhere yet
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
    this.#chain = new Chain(item, from);
    this.#connections = connections;
    this.#rules = rules;
    this.#listener = listener;
    this.#kept = kept;
  }

  start(): void {
    this.#rules.watchdog.add(this);
    this.#chain.begin(() => this.#begin());
  }

  /** Ends the attempt; the listener is told of a failure with this error. */
  cancel(error: PlainError): void {
    this.#fail({ error });
  }

  /** The item's own string where it says the same: it is not made anew for each answer. */
  get #answeredUrl(): string {
    const { url, origin, path } = this.#item;
    return this.#chain.target === this.#item && url.length === origin.length + path.length ? url : this.where;
  }

  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  get received(): number | undefined {
    return this.#status === 0 ? undefined : this.#length;
  }

  get where(): string {
    return this.#chain.where;
  }

  takePaused(): boolean {
    const paused = this.#paused || this.#rationed || this.#wasPaused;
    this.#wasPaused = false;
    return paused;
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    this.#askedAt = this.#rules.watchdog.looks;
  }

  onHeaders(status: number, headers: readonly Buffer[], resume: () => void): boolean {
    // Their bytes count; it is the body that waits for its time.
    if (this.#ration !== undefined && !this.#over) this.#ration.count(sizeOfHead(headers));
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
    const isFile = rest !== undefined || status === NON_AUTHORITATIVE || (status === 206 && isAll(headers));
    this.#status = isFile ? 200 : status;
    this.#resume = resume;
    const unannounced = this.#connection?.client.provesEnds === true ? 'stream' : 'connection';
    const head = readResponseHead(headers, this.#rules.disallowing, unannounced);
    const { coding, type, etag, lastModified, framing, announced, directive } = head;
    this.#head = head;
    if (head.isLarge) this.#headers = headers;
    if (!this.#over && !isRedirect(status)) {
      const told = status === NON_AUTHORITATIVE ? status : this.#status;
      const answer = { status: told, url: this.#answeredUrl, contentType: type, etag, lastModified };
      this.#listener.onAnswer?.(this.#item, answer);
    }
    this.#encoding = coding === '' ? '' : codingToUndo(coding, type, this.#item.path, this.#chain.target.path);
    if (directive !== undefined && this.#status === 200) {
      this.#disallowed = disallowedBy(directive, this.where);
      this.#status = NOT_TAKEN;
      return true;
    }
    if (framing === 'foreign' && this.#status === 200) this.#fail({ error: foreignCoding(this.where) });
    if (rest !== undefined && rest.total > this.#rules.maxBodySize) this.#refuse();
    if (rest !== undefined && !this.#over) {
      this.#headers = undefined;
      this.#writer = this.#open(rest);
    }
    if (rest !== undefined || this.#status !== 200 || this.#over) return true;
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
    const hasRoom = this.#receive(chunk);
    // A body that goes on after a pause may begin with nothing: see `onEnd`.
    if (this.#ration === undefined || this.#over || chunk.length === 0) return hasRoom;
    this.#rationed = !this.#ration.take(chunk.length);
    if (this.#rationed) this.#wasPaused = true;
    return hasRoom && !this.#rationed;
  }

  #receive(chunk: Buffer): boolean {
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
      return this.#over || chunk.length === 0 || this.#mayGoOn(this.#write(this.#writer, chunk));
    }
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    if (this.#length > this.#rules.maxWhole) return this.#passOn(this.#chunks);
    if (this.#chunks.length > MAX_CHUNKS) this.#chunks = [Buffer.concat(this.#chunks)];
    return true;
  }

  onBent(): void {
    if (this.#rules.strict) this.#fail({ error: bent(this.where) });
    else if (!this.#over) this.#listener.onBent?.(this.#item);
  }

  onEnd(): void {
    if (!this.#paused && !this.#rationed) return;
    this.#paused = false;
    this.#rationed = false;
    this.#resume?.();
  }

  onComplete(): void {
    if (this.#over) return;
    const isTooLong = this.#isTooLong;
    const connection = this.#connection;
    if (isTooLong) this.#drop();
    else if (connection !== undefined) this.#connections.giveBack(connection);
    this.#connection = undefined;
    if (isTooLong && this.#status === 200) this.#mindExcess();
    if (this.#missing > 0 || this.#lacksItsEnd) this.#fail({ error: cut(this.where) });
    else if (!this.#over && this.#conclude() && connection !== undefined) connection.isReadFree = true;
  }

  onError(error: Error): void {
    if (this.#over) return;
    if (error === ANEW) {
      this.#drop();
      this.#kept = undefined;
      this.#listener.onAgain?.(this.#item);
      this.#begin();
      return;
    }
    if (error === ENOUGH || this.#saysAll(error)) {
      this.#drop();
      this.#conclude();
      return;
    }
    const failure = describeNetworkFailure(error, this.where, this.#status !== 0);
    if (mayBeOfConnection(failure, this.#connection, this.#status !== 0)) {
      this.#drop();
      this.#listener.onAgain?.(this.#item);
      this.#send(this.#connections.open(this.#chain.target.origin));
    } else if (this.#mayReadLeniently(error)) {
      this.#goOn(true);
    } else {
      this.#fail({ error: this.#rules.strict ? strictly(failure) : failure });
    }
  }

  /** Whether the answer's status is all that matters, and it came: where its body breaks off, nobody wants that. */
  #saysAll(error: Error): boolean {
    return this.#status !== 0 && this.#status !== 200 && refusedAs(error, true) === undefined;
  }

  /**
   * Once. Not of the rest of a body, which is being written where it was to go on. With `strict` only of what breaks no
   * rule.
   */
  #mayReadLeniently(error: Error): boolean {
    const isAnswered = this.#status !== 0;
    if (this.#chain.isLenient || (isAnswered && this.#asked !== undefined)) return false;
    const refused = refusedAs(error, isAnswered);
    return refused === 'interim' || (refused === 'broken' && !this.#rules.strict);
  }

  #begin(): void {
    if (this.#over) return;
    const { origin } = this.#chain.target;
    const { throttle } = this.#rules;
    if (throttle !== undefined) {
      this.#ration?.end();
      this.#ration = throttle.begin(origin, () => this.#readOn());
    }
    this.#send(this.#chain.isLenient ? this.#connections.openLenient(origin) : this.#connections.take(origin));
  }

  /** By another attempt. */
  #goOn(isLenient: boolean): void {
    this.#finish();
    this.#drop();
    this.#writer?.abort();
    this.#listener.onRedirect(this.#item, this.#chain.at(isLenient));
  }

  #send(connection: Connection): void {
    this.#connection = connection;
    const { headers } = this.#rules;
    const { target } = this.#chain;
    const isThere = this.#kept !== undefined && this.#kept.place === placeOf(target);
    this.#asked = isThere ? this.#kept : undefined;
    this.#askedAt = undefined;
    this.#interim = 0;
    this.#isConditional = false;
    this.#connections.send(connection, target.path, this.#chain.with(this.#wanted(headers, target)), this);
  }

  #wanted(headers: RequestHeaders, target: Target): string[] {
    const item = this.#item;
    if (this.#asked !== undefined) return headers.forRest(item, target, this.#asked);
    if (item.conditions === undefined) return headers.for(item, target);
    const conditions = conditionsAt(item.conditions, target);
    this.#isConditional = conditions.length > 0;
    return headers.forChanged(item, target, conditions);
  }

  /**
   * Whether more came than was announced. What follows the body in the same read is asked for here; what comes later
   * undici takes for the answer to nothing, which ends the connection.
   */
  get #isTooLong(): boolean {
    const read = this.#connection?.read;
    if (this.#head?.framing !== 'length' || this.#length === 0 || read === undefined) return false;
    return read === this.#read ? read.byteOffset + read.length > this.#readTo : read.length > 0;
  }

  /**
   * Bytes of the rest that is asked for which have not come; below 0 there are too many. However the answer is framed,
   * its Content-Range has said how many there are.
   */
  get #missing(): number {
    return this.#asked === undefined ? 0 : this.#asked.total - this.#asked.from - this.#length;
  }

  /** No byte came of a body with a coding, which would tell its end. */
  get #lacksItsEnd(): boolean {
    if (this.#length > 0 || this.#encoding === '' || this.#status !== 200) return false;
    return this.#head?.framing === 'connection';
  }

  /** @returns whether what was read last is needed no more */
  #conclude(): boolean {
    try {
      if (!isRedirect(this.#status)) return this.#end();
      this.#follow();
    } catch (error) {
      // Undici would take it for a failure of this request, which is over: its item would never end.
      queueMicrotask(() => {
        throw error;
      });
    }
    return false;
  }

  /** @returns as {@link #conclude} */
  #end(): boolean {
    this.#finish();
    if (this.#status === 404 || this.#status === 410) {
      this.#listener.onNotFound(this.#item, this.#status);
    } else if (this.#disallowed !== undefined) {
      this.#listener.onDisallowed(this.#item, this.#disallowed);
    } else if (this.#status === 304 && this.#isConditional && this.#listener.onUnchanged !== undefined) {
      this.#listener.onUnchanged(this.#item);
    } else if (this.#status !== 200) {
      this.#listener.onFailure(this.#item, {
        error: describeStatus(this.#status, this.where, this.#connections.proxyOf(this.#chain.target.origin)),
        status: this.#status,
        retryAfter: this.#head?.retryAfter,
        date: this.#head?.date,
      });
    } else if (this.#writer !== undefined) {
      this.#writer.end();
      this.#listener.onLarge(this.#item);
    } else {
      return this.#listener.onBody(this.#item, this.#chunks ?? EMPTY, this.#length, this.#encoding);
    }
    return false;
  }

  #follow(): void {
    const head = this.#head;
    this.#status = 0;
    this.#head = undefined;
    this.#headers = undefined;
    this.#length = 0;
    this.#askedAt = undefined;
    const error = this.#chain.follow(head?.location, head?.setCookies ?? [], (isHere) => {
      if (this.#over) return;
      if (isHere && this.#rules.tellsEach !== true) this.#begin();
      else this.#goOn(isHere && this.#chain.isLenient);
    });
    if (error !== undefined) this.#fail({ error });
  }

  /** More came than the length that was announced, which is what proves the end (RFC 9112, 6.3). */
  #mindExcess(): void {
    if (this.#rules.strict) this.#fail({ error: tooLong(this.where) });
    else this.onBent();
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
      if (!this.#rationed) setImmediate(() => this.#resume?.());
    };
    return this.#listener.openLarge(this.#item, this.#encoding, onRoom, whole);
  }

  #passOn(chunks: readonly Uint8Array[]): boolean {
    const writer = this.#open(this.#headers && wholeOf(this.#headers, placeOf(this.#chain.target)));
    this.#writer = writer;
    this.#headers = undefined;
    this.#chunks = undefined;
    return this.#mayGoOn(chunks.reduce((_room, chunk) => writer.write(chunk), true));
  }

  #write(writer: BodyWriter, chunk: Uint8Array): boolean {
    const room = writer.write(chunk);
    if (this.#connection !== undefined) this.#connection.isReadFree = room && writer.copies === true;
    return room;
  }

  #mayGoOn(room: boolean): boolean {
    this.#paused = !room;
    if (!room) this.#wasPaused = true;
    return room;
  }

  #readOn(): void {
    if (!this.#rationed || this.#over) return;
    this.#rationed = false;
    if (!this.#paused) this.#resume?.();
  }

  #finish(): void {
    this.#over = true;
    this.#rules.watchdog.delete(this);
    this.#ration?.end();
  }

  #drop(): void {
    if (this.#connection !== undefined) this.#connections.drop(this.#connection);
    this.#connection = undefined;
  }
}

/**
 * Whether a failure may be the fault of what the connection carried before: it came before the answer, since the server
 * closed the connection when it had been idle (RFC 9112, 9.3.1 allows to send a GET again then), or sent more than the last
 * answer's length.
 */
export function mayBeOfConnection(
  { code }: PlainError,
  connection: Connection | undefined,
  isAnswered: boolean,
): boolean {
  return connection?.used === true && !isAnswered && (code === 'NET_RESET' || code === 'HTTP_BROKEN');
}

/** Bytes of an answer before its body, as nearly all servers write it. */
export function sizeOfHead(headers: readonly Buffer[]): number {
  // The first line, and the empty one at the end.
  let size = 'HTTP/1.1 200 OK\r\n'.length + 2;
  // A colon and a space, or the end of a line.
  for (const part of headers) size += part.length + 2;
  return size;
}
