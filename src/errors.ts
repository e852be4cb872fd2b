/**
 * The errors of sluice. Every one has a `code` for programs, a message that says what was wrong and where, a `hint`
 * that says what to do about it, and the `cause` it came from. They cross the thread boundary as plain data
 * ({@link PlainError}), because a worker's error loses its class and its code on the way.
 *
 * Imports nothing of sluice's own, so that everything may import it.
 */

import { inspect } from 'node:util';

/** What went wrong, for programs. The part before the underscore says whose fault it is. */
export type ErrorCode =
  // the command line, the options or the list
  | 'USAGE'
  | 'LIST_LINE'
  | 'LIST_UNREADABLE'
  // the network or the server
  | 'HTTP_STATUS'
  | 'HTTP_BROKEN'
  | 'HTTP_REDIRECT'
  | 'NET_RESET'
  | 'NET_REFUSED'
  | 'NET_UNREACHABLE'
  | 'NET_TIMEOUT'
  | 'NET_DNS'
  | 'NET_TLS'
  | 'NET_TOO_MANY_OPEN'
  | 'NET_OTHER'
  // a proxy on the way
  | 'PROXY_DOWN'
  | 'PROXY_REFUSED'
  // whose server it is does not want the file to be taken
  | 'ROBOTS_TXT'
  | 'ROBOTS_TAG'
  // the body
  | 'BODY_CUT'
  | 'BODY_EXCESS'
  | 'BODY_UNPROVEN'
  | 'BODY_ENCODING'
  | 'BODY_TOO_LARGE'
  | 'BODY_IMAGE'
  | 'BODY_CHECKSUM'
  // an image that is out of the bounds that the run has for them
  | 'IMAGE_SMALL'
  | 'IMAGE_LARGE'
  | 'IMAGE_NARROW'
  // the storage
  | 'STORE_BUSY'
  | 'STORE_EXISTS'
  | 'STORE_CHANGED'
  | 'STORE_FULL'
  | 'STORE_READ_ONLY'
  | 'STORE_DENIED'
  | 'STORE_CROWDED'
  | 'STORE_FAILED'
  | 'STORE_SYNC'
  | 'STORE_JOURNAL'
  // a plan and its shards
  | 'PLAN_THERE'
  | 'PLAN_DAMAGED'
  | 'PLAN_ELSEWHERE'
  // what hands out its shards
  | 'QUEUE_UNREACHABLE'
  | 'QUEUE_DENIED'
  | 'QUEUE_UNFIT'
  | 'QUEUE_LOST'
  // this program
  | 'WORKER_LOST'
  | 'ABORTED'
  | 'INTERNAL';

/** An error as plain data: survives structured clone and JSON with its code, hint and chain of causes. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** The operating system's or the library's own code (`ENOSPC`, `UND_ERR_SOCKET`), where there was one. */
  readonly cause?: { readonly name: string; readonly message: string; readonly code?: string };
}

export interface ErrorDetails {
  /** What the user can do about it, as a sentence without a full stop. */
  readonly hint: string;
  readonly cause?: unknown;
}

/** The base of all errors that sluice throws or reports. */
export class SluiceError extends Error {
  override readonly name: string = 'SluiceError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}

/** Bad input: an option, an argument or the destination. Ends a command with status 2. */
export class UsageError extends SluiceError {
  override readonly name = 'UsageError';

  constructor(message: string, hint: string, cause?: unknown) {
    super('USAGE', message, { hint, cause });
  }
}

/** What of an item an error tells: enough to find it again in the list. */
export interface FailedItem {
  readonly url: string;
  readonly name: string;
}

/** An item that could not be downloaded or stored; the book's `FetchError`. */
export class FetchError extends SluiceError {
  override readonly name = 'FetchError';
  readonly item: FailedItem;

  constructor(item: FailedItem, plain: PlainError) {
    super(plain.code, plain.message, { hint: plain.hint, cause: plain.cause });
    this.item = item;
  }
}

/** The storage as a whole gave up (full, read-only, I/O errors): the run stops with status 3. */
export class StorageError extends SluiceError {
  override readonly name = 'StorageError';

  constructor(plain: PlainError) {
    super(plain.code, plain.message, { hint: plain.hint, cause: plain.cause });
  }
}

/** Any error as plain data; `code`, `hint` and `message` are used for errors that are not sluice's own. */
export function toPlain(error: unknown, otherwise: { code: ErrorCode; hint: string; message?: string }): PlainError {
  if (error instanceof SluiceError) {
    const cause = describeCause(error.cause);
    return { code: error.code, message: error.message, hint: error.hint, ...(cause && { cause }) };
  }
  const cause = describeCause(error);
  return {
    code: otherwise.code,
    message: otherwise.message ?? cause?.message ?? 'unknown error',
    hint: otherwise.hint,
    ...(cause && { cause }),
  };
}

/** The error that {@link toPlain} made plain, of the class that its code has. */
export function fromPlain(plain: PlainError): SluiceError {
  const { code, message, hint, cause } = plain;
  if (code === 'USAGE') return new UsageError(message, hint, cause);
  if (code.startsWith('STORE_')) return new StorageError(plain);
  return new SluiceError(code, message, { hint, cause });
}

function describeCause(cause: unknown): PlainError['cause'] {
  if (cause === undefined || cause === null) return undefined;
  if (typeof cause !== 'object') return { name: 'Error', message: inspect(cause) };
  const { name, message, code } = cause as { name?: unknown; message?: unknown; code?: unknown };
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : inspect(cause),
    ...(typeof code === 'string' && { code }),
  };
}
