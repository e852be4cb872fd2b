/**
 * HTTP/1.1 on one connection, as much of it as answers need that are made beforehand. node:http takes twice the
 * processor time, on a machine that the download is measured on.
 */
import type { Socket } from 'node:net';
import type { Body } from '../bodies.js';
import type { Pace, Sender } from './pace.js';

export interface Site {
  /** Undefined for a link as wide as can be. */
  readonly pace: Pace | undefined;
  /** A request came; sooner or later it is answered through the connection's methods. */
  onRequest(connection: Connection): void;
  /** A whole body was handed over to the operating system. */
  onSent(body: Body): void;
  onClose(connection: Connection): void;
}

/** Characters of a request, and of what is read beyond it. */
const LONGEST = 64 << 10;
/** Request line and header lines (RFC 9112, 3 and 5). Absolute targets are to be understood by all servers (3.2.2). */
const REQUEST =
  /^(?:\r\n)?([A-Z]+) (?:https?:\/\/[^/?\s]+)?([/?*]\S*) HTTP\/1\.([01])((?:\r\n[\w!#$%&'*+.^`|~-]+:[^\r\n]*)*)$/;
const HAS_BODY = /\r\n(?:transfer-encoding:|content-length:(?!\s*0+\s*(?:\r|$)))/i;
const CLOSES = /\r\nconnection:[^\r]*\bclose\b/i;

const REASONS = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed\r\nAllow: GET, HEAD',
  503: 'Service Unavailable',
} as const;

export class Connection implements Sender {
  readonly #socket: Socket;
  readonly #site: Site;
  #unread = '';
  /** A request is being answered, or none is read any more. */
  #busy = false;
  /** The connection ends with this answer. */
  #last = false;
  #isHead = false;
  #path = '';
  /** What is being sent, and how much of it was. */
  #body: Body | undefined;
  #sent = 0;

  constructor(socket: Socket, site: Site) {
    this.#socket = socket;
    this.#site = site;
    socket.on('data', (bytes) => this.#read(bytes));
    // A client that has gone is no fault of this server's.
    socket.on('error', () => undefined);
    socket.on('close', () => site.onClose(this));
  }

  /** Of the request, without the query. */
  get path(): string {
    return this.#path;
  }

  get left(): number {
    return (this.#body?.size ?? 0) - this.#sent;
  }

  answer(body: Body): void {
    if (this.#isHead) {
      this.#socket.write(body.head, this.#onFlushed);
      return;
    }
    this.#body = body;
    this.#sent = 0;
    const { pace } = this.#site;
    if (pace !== undefined) {
      this.#socket.write(body.head);
      pace.join(this);
    } else if (body.joined !== undefined) {
      this.#sent = body.size;
      this.#socket.write(body.joined, this.#onFlushed);
    } else {
      this.#socket.write(body.head);
      this.send(Infinity);
    }
  }

  refuse(status: keyof typeof REASONS): void {
    const text = `${status} ${REASONS[status].split('\r', 1)[0]}\n`;
    const head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}`;
    const end = this.#last ? '\r\nConnection: close' : '';
    this.#socket.write(`${head}${end}\r\n\r\n${this.#isHead ? '' : text}`, this.#onFlushed);
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  send(bytes: number): number {
    const piece = this.#body?.piece(this.#sent, bytes);
    if (piece === undefined) return 0;
    this.#sent += piece.length;
    this.#socket.write(piece, this.#onFlushed);
    return piece.length;
  }

  readonly #onFlushed = (error?: Error | null): void => {
    if (error) return;
    const body = this.#body;
    if (body !== undefined && this.#sent < body.size) {
      if (this.#site.pace === undefined) this.send(Infinity);
      else this.#site.pace.join(this);
      return;
    }
    this.#body = undefined;
    if (body !== undefined) this.#site.onSent(body);
    if (this.#last) {
      this.#socket.end();
      return;
    }
    this.#busy = false;
    if (this.#unread !== '') this.#next();
  };

  #read(bytes: Buffer): void {
    if (this.#last) return;
    this.#unread += bytes.toString('latin1');
    if (!this.#busy) this.#next();
    // Whoever sends more than can be answered has to wait.
    else if (this.#unread.length > LONGEST) this.#socket.pause();
  }

  #next(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    const end = this.#unread.indexOf('\r\n\r\n');
    if (end === -1 && this.#unread.length <= LONGEST) return;
    this.#busy = true;
    const [, method, target = '', minor, headers = ''] = REQUEST.exec(this.#unread.slice(0, end)) ?? [];
    this.#unread = this.#unread.slice(end + 4);
    const isBad = end === -1 || method === undefined || HAS_BODY.test(headers);
    this.#isHead = method === 'HEAD';
    this.#last = isBad || minor === '0' || CLOSES.test(headers);
    const query = target.indexOf('?');
    this.#path = query === -1 ? target : target.slice(0, query);
    if (isBad) this.refuse(400);
    else if (method !== 'GET' && method !== 'HEAD') this.refuse(405);
    else this.#site.onRequest(this);
  }
}
