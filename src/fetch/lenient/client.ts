/**
 * Asks for one thing on a connection of its own, which is closed after that: whatever such an answer breaks off with or goes
 * on with, it cannot be taken for a part of another one. Node's own lenient parser lets NUL through, refuses a length that
 * is told twice, and does not say whether there was anything to be lenient about.
 */
import type { Socket } from 'node:net';
import type { ResponseHandler } from '../client.js';
import { type BodyReader, bodyReader } from './body.js';
import { BrokenAnswer, CutAnswer } from './broken.js';
import { endOfHead, hasControl, readHead } from './head.js';

export interface LenientOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Milliseconds to wait for the answer, and between two pieces of a body. */
  readonly timeout: number;
  /** Bytes of response headers. */
  readonly maxHeaderSize: number;
  /** Connects to the origin, and calls back when that is done, through TLS too. */
  readonly connect: (callback: (...result: [Error, null] | [null, Socket]) => void) => unknown;
}

export interface LenientRequest {
  readonly path: string;
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
}

const NOTHING = Buffer.alloc(0);

export class LenientClient {
  readonly #options: LenientOptions;
  readonly #handler: ResponseHandler;
  /** Once it is asked: to connect has a bound of its own. */
  #timer: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  /** What has come and was not taken yet. */
  #bytes: Buffer = NOTHING;
  #body: BodyReader | undefined;
  #isBent = false;
  #isPaused = false;
  #over = false;

  constructor(options: LenientOptions, request: LenientRequest, handler: ResponseHandler) {
    this.#options = options;
    this.#handler = handler;
    options.connect((error, socket) => {
      if (error !== null) this.#fail(error);
      else if (this.#over) socket.destroy();
      else this.#ask(socket, request);
    });
  }

  /** Ends it at once. */
  destroy(): void {
    this.#fail(new Error('the connection is not wanted any more'));
  }

  #ask(socket: Socket, { path, headers }: LenientRequest): void {
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#stall(), this.#options.timeout);
    this.#handler.onConnect((reason = new Error('the answer is not wanted any more')) => this.#fail(reason));
    if (this.#over) return;
    const lines = [`GET ${path} HTTP/1.1`];
    const names = new Set(headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()));
    if (!names.has('host')) lines.push(`host: ${new URL(this.#options.origin).host}`);
    for (let at = 0; at + 1 < headers.length; at += 2) {
      if (headers[at]?.toLowerCase() !== 'connection') lines.push(`${headers[at]}: ${headers[at + 1]}`);
    }
    lines.push('connection: close', '', '');
    if (lines.some(hasControl)) {
      this.#fail(new Error('the request has what no header may have'));
      return;
    }
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
      this.#read();
    });
    socket.on('end', () => this.#end());
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })));
    socket.write(lines.join('\r\n'), 'latin1');
  }

  #read(): void {
    try {
      while (!this.#over && !this.#isPaused && this.#takeOne());
    } catch (error) {
      if (!(error instanceof BrokenAnswer)) throw error;
      this.#fail(error);
    }
  }

  /** @returns whether there may be more to take */
  #takeOne(): boolean {
    if (this.#body === undefined) return this.#takeHead();
    if (this.#body.isWhole) {
      // What follows the body belongs to nothing.
      if (this.#bytes.length > 0) this.#bend();
      this.#complete();
      return false;
    }
    if (this.#bytes.length === 0) return false;
    const { count, piece } = this.#body.take(this.#bytes);
    this.#bytes = this.#bytes.subarray(count);
    if (this.#body.isBent) this.#bend();
    if (piece === undefined || this.#over) return true;
    this.#timer?.refresh();
    this.#pauseUnless(this.#handler.onData(piece));
    return true;
  }

  #takeHead(): boolean {
    const { maxHeaderSize } = this.#options;
    const end = endOfHead(this.#bytes);
    if ((end ?? this.#bytes.length) > maxHeaderSize) throw new BrokenAnswer('more headers than are allowed');
    if (end === undefined) return false;
    const { status, headers, framing, isBent } = readHead(this.#bytes.subarray(0, end));
    this.#bytes = this.#bytes.subarray(end);
    if (status === 101) throw new BrokenAnswer('it goes on in another protocol, which nobody asked for');
    if (isBent) this.#bend();
    if (this.#over) return false;
    if (status >= 200) {
      this.#body = bodyReader(framing);
      this.#timer?.refresh();
    }
    this.#pauseUnless(this.#handler.onHeaders(status, headers, () => this.#resume()) || status < 200);
    return true;
  }

  /** It breaks a rule. Told once. */
  #bend(): void {
    if (this.#isBent) return;
    this.#isBent = true;
    this.#handler.onBent();
  }

  #pauseUnless(goesOn: boolean): void {
    if (goesOn || this.#over) return;
    this.#isPaused = true;
    this.#socket?.pause();
  }

  #resume(): void {
    if (!this.#isPaused || this.#over) return;
    this.#isPaused = false;
    this.#timer?.refresh();
    this.#read();
    if (!this.#isPaused && !this.#over) this.#socket?.resume();
  }

  /** The server closed its side, and all that it sent was taken. */
  #end(): void {
    if (this.#over) return;
    if (this.#body?.endsWithConnection === true) this.#complete();
    else if (this.#body === undefined) this.#socket?.destroy();
    else this.#fail(new CutAnswer('the connection ended before the body did'));
  }

  #stall(): void {
    if (this.#isPaused) return;
    const code = this.#body === undefined ? 'UND_ERR_HEADERS_TIMEOUT' : 'UND_ERR_BODY_TIMEOUT';
    this.#fail(Object.assign(new Error('nothing came in time'), { code }));
  }

  #complete(): void {
    if (this.#over) return;
    this.#finish();
    this.#handler.onComplete();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#finish();
    this.#handler.onError(error);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}
