import type { ImageFacts } from '../../src/item.js';
import type { StoreSettings } from '../../src/protocol/settings.js';

/** Bytes of a body that comes in parts, and is read back whole for its steps; and of all that a thread has read back at once. */
export const MAX_READ_BACK = 128 << 20;

/** A body as the steps hand it on. */
export interface Made {
  readonly bytes: Uint8Array;
  /** What is known of it, where it is an image and that is asked for. */
  readonly image?: ImageFacts;
  /** The format that an image came in, where another one was made of it. */
  readonly cameAs?: string;
}

/** What a step is: it looks at a body on its way to the storage, or makes another of it. */
export interface Step {
  /** Loads what it needs beside its own module, before its first body: that takes time which is none of a body's. */
  readonly prepare?: (settings: StoreSettings) => Promise<unknown> | undefined;
  /**
   * Synchronous where it can be: a promise for each body costs more than most steps.
   *
   * @param made the body, decoded; may lie on a SharedArrayBuffer, and stays as it is
   * @returns what is stored: `made` itself, if the step only looks at it
   * @throws SluiceError when it is not to be stored
   */
  apply(made: Made, settings: StoreSettings): Made | Promise<Made>;
  /** Bytes of a body that the step can take. One that comes in parts is written first, then read back for its steps. */
  readonly most: number;
  /** The error of one that is larger. */
  readonly refuse: (name: string) => Error;
}
