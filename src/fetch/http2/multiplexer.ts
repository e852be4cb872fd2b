/**
 * Requests to one server by HTTP/2: many at once on one connection, and on one more where it takes no more on those that are
 * there. Whether it speaks HTTP/2 is known once one is made (ALPN, RFC 7301); until then the others wait.
 */
import { type ClientHttp2Session, connect, type Settings } from 'node:http2';
import type { Socket } from 'node:net';
import type { ResponseHandler } from '../client.js';
import { BrokenAnswer } from '../lenient/broken.js';
import { type Exchange, StreamExchange, type StreamOptions, type StreamRequest } from './exchange.js';

export interface MultiplexerOptions extends StreamOptions {
  /** Connects to the origin by TLS and offers both versions; calls back when that is done. */
  readonly connect: (callback: (...result: [Error, null] | [null, Socket]) => void) => void;
}

/** A request that waits for its stream. */
interface Waiting {
  readonly request: StreamRequest;
  readonly handler: ResponseHandler;
  /** The server speaks HTTP/1.1 only. @param socket connected to it, for one of them */
  readonly onHttp1: (socket?: Socket) => void;
  exchange: Exchange | undefined;
  /** How often a stream was refused to it. */
  refused: number;
  isCancelled: boolean;
}

/** A connection, and how many streams it has. */
interface Session {
  readonly http2: ClientHttp2Session;
  streams: number;
  most: number;
  /** It takes no more streams. */
  isRetired: boolean;
}

/**
 * Streams of a connection at the most, of the hundred that servers should allow (RFC 9113, 6.5.2): what their bodies may
 * send ahead takes memory, and what one lost packet holds up are all streams of its connection.
 */
const MAX_STREAMS = 32;
/** Bytes that a body may send ahead; more would be faster for large ones that come from far away. */
const WINDOW = 1 << 20;
/** How often a request is made again whose stream is refused, and the milliseconds before that, with each one more. */
const MAX_REFUSED = 4;
const REFUSED_DELAY = 20;
const REFUSED = Object.assign(new Error('the server takes no stream'), { code: 'UND_ERR_SOCKET' });
/** Megabytes: beyond that Node refuses streams, though what they may send is bounded. */
const NO_BOUND = 1 << 12;

export class Multiplexer {
  readonly #options: MultiplexerOptions;
  readonly #sessions = new Set<Session>();
  readonly #waiting = new Set<Waiting>();
  #connecting = 0;
  /** More connections than these it did not take, while one of them is there. */
  #mostSessions = Infinity;
  #protocol: 'unknown' | 'h2' | 'http/1.1' = 'unknown';
  #isOver = false;

  /** A connection of it has carried an answer, so the server may close it just when the next request goes out. */
  hasAnswered = false;

  constructor(options: MultiplexerOptions) {
    this.#options = options;
  }

  /** Whether the server is known to speak HTTP/1.1 only. */
  get isHttp1(): boolean {
    return this.#protocol === 'http/1.1';
  }

  /** Connections that carry nothing, and none is being made. */
  get isIdle(): boolean {
    return this.#connecting === 0 && this.#waiting.size === 0 && [...this.#sessions].every(isUnused);
  }

  carry(request: StreamRequest, handler: ResponseHandler, onHttp1: Waiting['onHttp1']): Exchange {
    const waiting: Waiting = { request, handler, onHttp1, exchange: undefined, refused: 0, isCancelled: false };
    this.#waiting.add(waiting);
    this.#pump();
    return {
      cancel: () => {
        waiting.isCancelled = true;
        this.#waiting.delete(waiting);
        waiting.exchange?.cancel();
      },
    };
  }

  /** Ends all connections; those who wait are told. */
  destroy(reason: Error): void {
    this.#isOver = true;
    this.#failAll(reason);
    for (const { http2 } of this.#sessions) http2.destroy();
  }

  #pump(): void {
    for (const waiting of this.#waiting) {
      const session = [...this.#sessions].find(hasRoom);
      if (session === undefined) break;
      this.#waiting.delete(waiting);
      this.#begin(session, waiting);
    }
    const isNew = this.#protocol === 'unknown' && this.#connecting > 0;
    const isEnough = this.#sessions.size + this.#connecting >= this.#mostSessions;
    if (this.#isOver || isNew || isEnough || this.#waiting.size <= this.#connecting * MAX_STREAMS) return;
    this.#connect();
    this.#pump();
  }

  #begin(session: Session, waiting: Waiting): void {
    const { request, handler } = waiting;
    session.streams += 1;
    if (session.streams === 1) session.http2.ref();
    try {
      waiting.exchange = new StreamExchange(session.http2, request, this.#options, handler, (end) => {
        if (end === 'answered') this.hasAnswered = true;
        if (end === 'refused') this.#askAgain(waiting);
        // Nobody tells of a connection that leads nowhere any more: the next ones get another.
        if (end === 'stalled') this.#retire(session);
        this.#leave(session);
      });
    } catch (error) {
      this.#retire(session);
      this.#leave(session);
      queueMicrotask(() => handler.onError(error as Error));
    }
  }

  /** Not at once: the server may still be busy with what was cancelled. */
  #askAgain(waiting: Waiting): void {
    waiting.refused += 1;
    if (waiting.refused > MAX_REFUSED) {
      queueMicrotask(() => waiting.handler.onError(REFUSED));
      return;
    }
    setTimeout(() => {
      if (waiting.isCancelled) return;
      if (this.#isOver) waiting.handler.onError(REFUSED);
      else {
        this.#waiting.add(waiting);
        this.#pump();
      }
    }, REFUSED_DELAY * waiting.refused);
  }

  #leave(session: Session): void {
    session.streams -= 1;
    if (session.streams === 0) {
      session.http2.unref();
      if (session.isRetired) session.http2.destroy();
    }
    queueMicrotask(() => this.#pump());
  }

  #connect(): void {
    this.#connecting += 1;
    this.#options.connect((error, socket) => {
      if (error !== null) this.#onFailed(error);
      else if (this.#isOver) socket.destroy();
      else if ('alpnProtocol' in socket && socket.alpnProtocol === 'h2') this.#open(socket);
      else this.#fallBack(socket);
    });
  }

  #onFailed(error: Error): void {
    this.#connecting -= 1;
    if (this.#sessions.size === 0) {
      this.#failAll(error);
      return;
    }
    this.#mostSessions = this.#sessions.size;
    this.#pump();
  }

  #failAll(error: Error): void {
    const failed = [...this.#waiting];
    this.#waiting.clear();
    for (const { handler, isCancelled } of failed) if (!isCancelled) handler.onError(error);
  }

  #fallBack(socket: Socket): void {
    this.#connecting -= 1;
    this.#protocol = 'http/1.1';
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const [position, { onHttp1 }] of all.entries()) onHttp1(position === 0 ? socket : undefined);
    if (all.length === 0) socket.destroy();
  }

  /** Not before the server has said how many streams it takes: those beyond would wait, and their time would pass. */
  #open(socket: Socket): void {
    const http2 = connect(this.#options.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: WINDOW },
      maxSessionMemory: NO_BOUND,
    });
    const session: Session = { http2, streams: 0, most: 0, isRetired: false };
    let isNew = true;
    let why: Error | undefined;
    const opened = (error?: Error): void => {
      if (!isNew) return;
      isNew = false;
      clearTimeout(timer);
      if (error !== undefined) this.#onFailed(error);
      else {
        this.#connecting -= 1;
        this.#protocol = 'h2';
        this.#sessions.add(session);
        // As much as all streams may send: one that waits for the storage holds up no other.
        http2.setLocalWindowSize(MAX_STREAMS * WINDOW);
        http2.unref();
        this.#pump();
      }
    };
    const timer = setTimeout(() => {
      http2.destroy();
      opened(Object.assign(new Error('no settings came'), { code: 'UND_ERR_CONNECT_TIMEOUT' }));
    }, this.#options.timeout);
    http2.on('remoteSettings', ({ maxConcurrentStreams = MAX_STREAMS }: Settings) => {
      session.most = Math.min(MAX_STREAMS, Math.max(1, maxConcurrentStreams));
      opened();
    });
    http2.on('error', (error) => (why = error));
    http2.on('goaway', () => this.#retire(session));
    http2.on('close', () => {
      opened(Object.assign(new BrokenAnswer('the connection is no HTTP/2'), { cause: why }));
      this.#retire(session);
    });
  }

  #retire(session: Session): void {
    if (session.isRetired) return;
    session.isRetired = true;
    this.#sessions.delete(session);
    this.#mostSessions = Infinity;
    if (session.streams === 0) session.http2.destroy();
    if (!this.#isOver) this.#pump();
  }
}

function hasRoom({ http2, streams, most, isRetired }: Session): boolean {
  return !isRetired && streams < most && !http2.closed && !http2.destroyed;
}

function isUnused({ streams }: Session): boolean {
  return streams === 0;
}
