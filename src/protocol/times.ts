/** Where the time of threads went. */

/** What the store asks of the storage: new names, also of folders; bytes; final names. */
export type Operation = 'create' | 'write' | 'rename';

/**
 * Where a thread's time went, in milliseconds. What is neither `run` nor `wait` it was blocked. Of the operations that
 * ended meanwhile it tells how long they took, those of other batches included where a thread stores several at once.
 */
export interface Times extends Readonly<Record<Operation, number>> {
  readonly wall: number;
  /** On a processor. */
  readonly run: number;
  /** Ready, and waiting for a processor. */
  readonly wait: number;
}

/** Of threads that download and store by themselves. What is none of all these they were blocked while they stored. */
export interface ThreadTimes extends Times {
  /** Blocked until the answer began. */
  readonly answer: number;
  /** Blocked while the body came in. */
  readonly body: number;
}
