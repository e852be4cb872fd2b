/** Who may see the page, and what they may ask for. Who may not is told the same, whatever it is that is wrong. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from './address.js';

export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser asks its user for it, and keeps it out of addresses, histories and logs: any name, and the token as password. */
const UNAUTHORIZED: Refusal = {
  status: 401,
  text: 'a token is needed',
  headers: { 'www-authenticate': 'Basic realm="sluice", charset="UTF-8"' },
};

export class Guard {
  readonly #host: string;
  readonly #token: Buffer | undefined;

  /**
   * @param host at which it listens, as it was given
   * @param token undefined where this machine alone can reach it
   */
  constructor(host: string, token: string | undefined) {
    this.#host = host.toLowerCase();
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** Why a request is refused; undefined for one that is not. */
  refusal(request: IncomingMessage): Refusal | undefined {
    const { method, headers } = request;
    if (this.#token !== undefined) {
      if (!timingSafeEqual(digest(tokenOf(headers.authorization)), this.#token)) return UNAUTHORIZED;
    } else if (!this.#isOwn(headers.host)) {
      // A name that somebody else has made to stand for this machine: the page of another site asks.
      return { status: 421, text: 'this page is at another name' };
    }
    if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate') {
      return { status: 403, text: 'not for other sites' };
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, text: 'GET and HEAD only', headers: { allow: 'GET, HEAD' } };
    }
    const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
    return hasBody ? { status: 413, text: 'no body is taken' } : undefined;
  }

  #isOwn(header: string | undefined): boolean {
    const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header ?? '') ?? [];
    const name = (bracketed ?? plain ?? '').toLowerCase();
    return name === 'localhost' || name === this.#host || isLoopback(name);
  }
}

/** Of the same length for all, so that how long a comparison takes says nothing. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token, 'latin1').digest();
}

/** `Bearer TOKEN`, or as a browser sends it: `Basic` and, in base64, `NAME:TOKEN`. */
function tokenOf(authorization = ''): string {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+)$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== 'basic') return value;
  const text = Buffer.from(value, 'base64').toString('latin1');
  return text.slice(text.indexOf(':') + 1);
}
