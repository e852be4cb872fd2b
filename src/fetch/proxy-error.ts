/** What may go wrong on the way through a proxy. */
import type { ErrorCode } from '../errors.js';

/** A failure of a proxy, which is none of the server that was to be asked. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** Undici goes by the codes of errors: those that it knows mean something else. */
  readonly code: ErrorCode;
  readonly hint: string;
  declare readonly cause?: Error;

  constructor(code: ErrorCode, what: string, hint: string, cause?: Error) {
    super(what, cause && { cause });
    this.code = code;
    this.hint = hint;
  }
}
