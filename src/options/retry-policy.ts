/** When an item is tried again. */

export interface RetryPolicy {
  /** Tries for one item in all, the first included. */
  readonly tries: number;
  /** Milliseconds: the back-off before the second try is up to this, before the third up to twice this, and so on. */
  readonly baseDelay: number;
  /** Milliseconds: no back-off is longer. */
  readonly maxDelay: number;
  /** Milliseconds: no Retry-After is obeyed for longer. */
  readonly maxRetryAfter: number;
  /** Milliseconds without any answer after which a server's items fail without being requested. */
  readonly patience: number;
}
