/** What an error of the network or an answer of the server means, and what a person can do about it. */
import { type ErrorCode, type PlainError, toPlain } from '../errors.js';
import type { ProxyServer } from '../options/proxy.js';
import { whyUntrusted } from './certificate.js';
import { ProxyError } from './proxy-error.js';

interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const RESET: Meaning = {
  code: 'NET_RESET',
  what: 'the connection was closed before the answer was whole',
  hint: 'try again, perhaps with fewer requests at once',
};
const TIMEOUT_HINT = 'try again later, or allow more time with --timeout';
const UNANSWERED: Meaning = { code: 'NET_TIMEOUT', what: 'the server did not answer in time', hint: TIMEOUT_HINT };
const DNS: Meaning = {
  code: 'NET_DNS',
  what: 'the host name could not be resolved',
  hint: 'check the host name and the name server',
};

const CUT: Meaning = {
  code: 'BODY_CUT',
  what: 'the body is not as long as the server said',
  hint: 'try again; if it happens again, the server is at fault',
};
const UNREACHABLE: Meaning = {
  code: 'NET_UNREACHABLE',
  what: 'there is no way to the server',
  hint: 'check the network and the address',
};

const TOO_MANY_OPEN: Meaning = {
  code: 'NET_TOO_MANY_OPEN',
  what: 'this process has too many files open to connect',
  hint: 'raise ulimit -n, or lower --max-requests',
};

const BROKEN: Meaning = {
  code: 'HTTP_BROKEN',
  what: 'the answer breaks the rules of HTTP',
  hint: 'the server is at fault',
};

const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  Object.entries<Meaning>({
    ECONNRESET: RESET,
    ECONNABORTED: RESET,
    EPIPE: RESET,
    UND_ERR_SOCKET: RESET,
    ECONNREFUSED: {
      code: 'NET_REFUSED',
      what: 'the server refused the connection',
      hint: 'check the host and the port, and that the server runs',
    },
    ENOTFOUND: DNS,
    EAI_AGAIN: {
      code: 'NET_TIMEOUT',
      what: 'the name server did not answer',
      hint: 'try again later, or check the name server',
    },
    EMFILE: TOO_MANY_OPEN,
    ENFILE: { ...TOO_MANY_OPEN, what: 'this machine has too many files open to connect' },
    ENETUNREACH: UNREACHABLE,
    EHOSTUNREACH: UNREACHABLE,
    ENETDOWN: UNREACHABLE,
    EHOSTDOWN: UNREACHABLE,
    EADDRNOTAVAIL: {
      code: 'NET_OTHER',
      what: 'this machine has no such address to connect from, or no port of it is free',
      hint: 'check --interface, or lower --max-requests',
    },
    EAFNOSUPPORT: {
      code: 'NET_UNREACHABLE',
      what: 'the address is not of the kind that --ipv4 or --ipv6 asks for',
      hint: 'leave that out, or check the URL',
    },
    UND_ERR_CONNECT_TIMEOUT: { code: 'NET_TIMEOUT', what: 'connecting took too long', hint: TIMEOUT_HINT },
    ERR_SOCKET_CONNECTION_TIMEOUT: { code: 'NET_TIMEOUT', what: 'connecting took too long', hint: TIMEOUT_HINT },
    ETIMEDOUT: { code: 'NET_TIMEOUT', what: 'the connection timed out', hint: TIMEOUT_HINT },
    UND_ERR_HEADERS_TIMEOUT: UNANSWERED,
    UND_ERR_BODY_TIMEOUT: { code: 'NET_TIMEOUT', what: 'the body stopped coming', hint: TIMEOUT_HINT },
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: CUT,
    SLUICE_CUT_ANSWER: CUT,
    SLUICE_BROKEN_ANSWER: BROKEN,
    // Undici did not expect such an answer: a status below 100, another protocol that nobody asked for.
    ERR_ASSERTION: BROKEN,
    UND_ERR_HEADERS_OVERFLOW: {
      code: 'HTTP_BROKEN',
      what: 'the answer has more headers than are allowed',
      hint: 'the server is at fault',
    },
  }),
);

const HANDSHAKE: Meaning = {
  code: 'NET_TLS',
  what: 'no secure connection could be made',
  hint: 'check that the server speaks https on this port',
};
const WANTS_CERTIFICATE = /^ERR_SSL_(?:\w+_ALERT_CERTIFICATE_REQUIRED|\w+_ALERT_(?:BAD|UNKNOWN)_(?:CERTIFICATE|CA))$/;
const NO_CERTIFICATE: Meaning = {
  code: 'NET_TLS',
  what: 'the server wants a certificate of yours, or another one',
  hint: 'name it with --cert, and its key with --key',
};
const NO_END: Meaning = { ...CUT, what: 'the body ended before its last chunk' };
const OTHER: Meaning = { code: 'NET_OTHER', what: 'the request failed', hint: 'see the cause' };

/**
 * @param url where the request went, safe to print
 * @param answered whether the answer's headers had come
 */
export function describeNetworkFailure(error: Error, url: string, answered: boolean): PlainError {
  const meaning = meaningOf(error, answered);
  return toPlain(error instanceof ProxyError ? error.cause : error, {
    code: meaning.code,
    message: `${url}: ${meaning.what}`,
    hint: meaning.hint,
  });
}

function meaningOf(error: Error, answered: boolean): Meaning {
  if (error instanceof ProxyError) return { code: error.code, what: error.message, hint: error.hint };
  if (error.name === 'HTTPParserError') return error.message.includes('Invalid EOF state') ? NO_END : BROKEN;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const meaning = MEANINGS.get(code);
  // A body that has not begun is not too short: so undici calls a second Content-Length, and one with chunks.
  if (meaning === CUT && !answered) return BROKEN;
  if (code === 'UND_ERR_SOCKET' && error.message === 'bad upgrade') return BROKEN;
  return meaning ?? byFamily(code);
}

function byFamily(code: string): Meaning {
  const untrusted = whyUntrusted(code);
  if (untrusted !== undefined) {
    const { what, hint } = untrusted;
    return { code: 'NET_TLS', what: `the certificate of the server cannot be trusted: ${what}`, hint };
  }
  if (WANTS_CERTIFICATE.test(code)) return NO_CERTIFICATE;
  return /^(EPROTO$|ERR_SSL|ERR_TLS)/.test(code) ? HANDSHAKE : OTHER;
}

/**
 * Why the strict parser gave an answer up that another one may read: it breaks a rule, or has an interim answer before it
 * (RFC 9110, 15.2), which is none that undici takes.
 */
export function refusedAs(error: Error, answered: boolean): 'broken' | 'interim' | undefined {
  if (meaningOf(error, answered) === BROKEN) return 'broken';
  const code = 'code' in error ? error.code : '';
  return code === 'UND_ERR_SOCKET' && error.message === 'bad response' && !answered ? 'interim' : undefined;
}

/** Why an answer is an error that could be read. @param url where the request went, safe to print */
export function bent(url: string): PlainError {
  return strictly(tell(BROKEN, url));
}

/** The same failure with `strict`. */
export function strictly(failure: PlainError): PlainError {
  if (failure.code !== 'HTTP_BROKEN') return failure;
  return { ...failure, hint: 'the server is at fault; without --strict such answers are read where they can be' };
}

/** @param url where the request went, safe to print */
export function unanswered(url: string): PlainError {
  return tell(UNANSWERED, url);
}

/** Interim answers came, and no other. */
export function noFinalAnswer(url: string): PlainError {
  return tell({ ...BROKEN, what: 'the server sent more interim answers than are allowed' }, url);
}

/** Nobody can read the body. */
export function foreignCoding(url: string): PlainError {
  return tell({ ...BROKEN, what: 'the answer has a transfer coding that nobody asked for' }, url);
}

/** Less came than was announced. */
export function cut(url: string): PlainError {
  return tell(CUT, url);
}

function tell({ code, what, hint }: Meaning, url: string): PlainError {
  return { code, message: `${url}: ${what}`, hint };
}

/** More came than was announced: which of it is the file, nobody knows. */
export function tooLong(url: string): PlainError {
  return {
    code: 'BODY_EXCESS',
    message: `${url}: the body is longer than the server said`,
    hint: 'try again; if it happens again, the server is at fault',
  };
}

export function tooLarge(url: string, most: number): PlainError {
  return {
    code: 'BODY_TOO_LARGE',
    message: `${url}: the body is larger than ${most} bytes`,
    hint: 'raise --max-body-size if the file is what you want',
  };
}

export function unproven(url: string): PlainError {
  return {
    code: 'BODY_UNPROVEN',
    message: `${url}: the body ends with the connection, so it may be cut`,
    hint: 'without --strict such bodies are stored, and counted as unproven',
  };
}

export function tooSlow(url: string, lowest: number, seconds: number): PlainError {
  return {
    code: 'NET_TIMEOUT',
    message: `${url}: the body came slower than ${lowest} bytes a second for ${seconds} seconds`,
    hint: 'try again later, or allow a slower one with --lowest-speed',
  };
}

/** All tries together took too long. */
export function tooLate(url: string): PlainError {
  return {
    code: 'NET_TIMEOUT',
    message: `${url}: it took longer than one file may take`,
    hint: 'try again later, or allow more time with --max-time',
  };
}

/** @param proxy the one that was asked in the server's place, as it may be shown */
export function describeStatus(status: number, url: string, proxy?: ProxyServer): PlainError {
  if (status === 407) return refusedByProxy(url, proxy);
  const hint = hintForStatus(status);
  const mayBeProxy = proxy !== undefined && isDenied(status) && url.startsWith('http:');
  return {
    code: 'HTTP_STATUS',
    message: `${url}: the server answered ${status}`,
    hint: mayBeProxy ? `${hint}; or the proxy ${proxy.told} does` : hint,
  };
}

function refusedByProxy(url: string, proxy: ProxyServer | undefined): PlainError {
  const [told, where] =
    proxy === undefined ? ['', 'the variable of the environment'] : [` ${proxy.told}`, proxy.source];
  return {
    code: 'PROXY_REFUSED',
    message: `${url}: the proxy${told} ${proxy?.user === undefined ? 'wants a user and a password' : 'refused the user and the password'}`,
    hint: `write them as NAME:PASSWORD@ before the host in ${where}`,
  };
}

function isDenied(status: number): boolean {
  return status === 401 || status === 403;
}

function hintForStatus(status: number): string {
  if (isDenied(status))
    return 'the server wants other credentials or headers; see --user, --netrc, --cookie-file and --header';
  if (status === 404 || status === 410) return 'check the URL';
  if (status === 429) return 'ask less at once with --max-requests';
  if (status >= 500) return 'the server is at fault; try again later';
  return 'the server does not give this file as it is';
}

/** What went wrong with an attempt. */
export interface AttemptFailure {
  readonly error: PlainError;
  /** HTTP status, where a response came. */
  readonly status?: number | undefined;
  /** Retry-After as received. */
  readonly retryAfter?: string | undefined;
  /** Date as received: by the server's clock, as a date in Retry-After is. */
  readonly date?: string | undefined;
}
