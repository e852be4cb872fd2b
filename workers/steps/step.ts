/** Bytes of a body that comes in parts, and is read back whole for its steps; and of all that a thread has read back at once. */
export const MAX_READ_BACK = 128 << 20;

/** What a step is: it looks at a body on its way to the storage, or makes another of it. */
export interface Step {
  /**
   * Synchronous where it can be: a promise for each body costs more than most steps.
   *
   * @param bytes the body, decoded; may lie on a SharedArrayBuffer, and stays as it is
   * @returns what is stored: `bytes` itself, if the step only looks at it
   * @throws SluiceError when it is not to be stored
   */
  apply(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /**
   * Bytes of a body that the step can take. One that comes in parts is written first, then read back for its steps; those
   * only look at it.
   */
  readonly most: number;
  /** Loads what it needs and an installation may be without. @throws UsageError where that is so */
  readonly prepare?: () => Promise<void>;
  /** The error of one that is larger. */
  readonly refuse: (name: string) => Error;
}
