/**
 * A request on a stream of HTTP/2 (RFC 9113), told of as undici tells of its own. Node ends a stream that was broken off as it
 * ends one that is whole, so that is looked at here: only what its server has ended itself, without an error, is whole.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { ResponseHandler } from '../client.js';
import { BrokenAnswer } from '../lenient/broken.js';

export interface Exchange {
  /** Ends it at once, and tells nobody. */
  cancel(): void;
}

export interface StreamRequest {
  readonly path: string;
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
}

export interface StreamOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Milliseconds to wait for the answer, and between two pieces of a body. */
  readonly timeout: number;
}

/**
 * How a stream ended: `refused` was not answered, since its server has too many, and may be made again (RFC 9113, 8.7): nobody else
 * is told of it; `stalled` is a sign that the connection is dead, though nobody has told.
 */
export type StreamEnd = 'answered' | 'failed' | 'refused' | 'stalled';

/** Of HTTP/1.1 alone; with one of them no stream is made (RFC 9113, 8.2.2). */
const OF_CONNECTIONS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
]);

/** Errors of streams that say what the answer is, not what became of the connection. */
const BROKEN: ReadonlySet<number> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
  constants.NGHTTP2_COMPRESSION_ERROR,
  constants.NGHTTP2_HTTP_1_1_REQUIRED,
]);

/** Of streams that the server does not take now. */
const REFUSED: ReadonlySet<number> = new Set([constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_ENHANCE_YOUR_CALM]);

export class StreamExchange implements Exchange {
  readonly #stream: ClientHttp2Stream;
  readonly #handler: ResponseHandler;
  readonly #onOver: (end: StreamEnd) => void;
  readonly #timer: NodeJS.Timeout;
  #isAnswered = false;
  /** The server has sent all that it wanted to. */
  #hasEnd = false;
  #isPaused = false;
  #error: Error | undefined;
  #over = false;

  /** @throws what Node says of a session that is over, or of a header that cannot be sent */
  constructor(
    session: ClientHttp2Session,
    { path, headers }: StreamRequest,
    { origin, timeout }: StreamOptions,
    handler: ResponseHandler,
    onOver: (end: StreamEnd) => void,
  ) {
    this.#handler = handler;
    this.#onOver = onOver;
    const stream = session.request({ ':method': 'GET', ':path': path, ...fieldsOf(headers, origin) });
    this.#stream = stream;
    this.#timer = setTimeout(() => this.#stall(), timeout);
    const push = stream.push.bind(stream);
    stream.push = (...args) => {
      // What is broken off is closed before it ends: then this is no end of a body.
      if (args[0] === null && !stream.closed) this.#hasEnd = true;
      return push(...args);
    };
    stream.on('headers', (fields: IncomingHttpHeaders) => this.#takeHead(fields));
    stream.on('response', (fields: IncomingHttpHeaders, flags) => {
      if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.#hasEnd = true;
      this.#isAnswered = true;
      this.#takeHead(fields);
      // Not before: what comes in one packet with its answer Node would give first.
      stream.on('data', (bytes: Buffer) => this.#take(bytes));
    });
    stream.on('error', (error) => (this.#error ??= error));
    stream.on('close', () => this.#close());
    handler.onConnect((reason = new Error('the answer is not wanted any more')) => this.#end('failed', reason));
  }

  cancel(): void {
    this.#end('failed');
  }

  #takeHead(fields: IncomingHttpHeaders): void {
    if (this.#over) return;
    this.#timer.refresh();
    const headers: Buffer[] = [];
    for (const [name, value] of Object.entries(fields)) {
      if (name.startsWith(':')) continue;
      for (const one of Array.isArray(value) ? value : [value ?? '']) {
        headers.push(Buffer.from(name, 'latin1'), Buffer.from(one, 'latin1'));
      }
    }
    const status = Number(fields[':status']);
    this.#pauseUnless(this.#handler.onHeaders(status, headers, () => this.#resume()) || status < 200);
  }

  #take(bytes: Buffer): void {
    if (this.#over) return;
    this.#timer.refresh();
    this.#pauseUnless(this.#handler.onData(bytes));
  }

  #pauseUnless(goesOn: boolean): void {
    if (goesOn || this.#over) return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  #resume(): void {
    if (!this.#isPaused || this.#over) return;
    this.#isPaused = false;
    this.#timer.refresh();
    this.#stream.resume();
  }

  #stall(): void {
    if (this.#over || this.#isPaused) return;
    const code = this.#isAnswered ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_HEADERS_TIMEOUT';
    this.#end('stalled', Object.assign(new Error('nothing came in time'), { code }));
  }

  #close(): void {
    const { rstCode } = this.#stream;
    const isWhole = this.#isAnswered && this.#hasEnd && rstCode === constants.NGHTTP2_NO_ERROR;
    if (isWhole && this.#error === undefined) this.#end('answered');
    else if (REFUSED.has(rstCode) && !this.#isAnswered) this.#end('refused');
    else this.#end('failed', whyFailed(this.#error, rstCode, this.#isAnswered));
  }

  /** @param error undefined where nobody is told of one */
  #end(how: StreamEnd, error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    if (how !== 'answered') this.#stream.close(constants.NGHTTP2_CANCEL);
    // Nothing that still comes is kept for anybody.
    this.#stream.resume();
    this.#onOver(how);
    if (error !== undefined) this.#handler.onError(error);
    else if (how === 'answered') this.#handler.onComplete();
  }
}

/** Of all origins that are asked so. */
const SCHEME = 'https://';

function fieldsOf(headers: readonly string[], origin: string): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = { ':scheme': 'https', ':authority': origin.slice(SCHEME.length) };
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name, value] = [(headers[at] as string).toLowerCase(), headers[at + 1] as string];
    if (OF_CONNECTIONS.has(name)) continue;
    const field = name === 'host' ? ':authority' : name;
    const before = field === ':authority' ? undefined : fields[field];
    fields[field] = before === undefined ? value : [before, value].flat();
  }
  return fields;
}

/** In words that say what became of a connection, or of an answer. */
function whyFailed(cause: Error | undefined, rstCode: number, isAnswered: boolean): Error {
  const code = cause !== undefined && 'code' in cause ? cause.code : undefined;
  // That of a session says for all its streams that it is over.
  const isOfSession = code === 'ERR_HTTP2_ERROR' || (cause === undefined && !isAnswered && rstCode === 0);
  if (isOfSession || BROKEN.has(rstCode)) {
    return Object.assign(new BrokenAnswer('the answer is no HTTP/2'), { cause });
  }
  if (typeof code === 'string' && !code.startsWith('ERR_HTTP2_')) return cause as Error;
  return Object.assign(new Error('the stream was closed before the answer was whole'), {
    code: 'UND_ERR_SOCKET',
    cause,
  });
}
