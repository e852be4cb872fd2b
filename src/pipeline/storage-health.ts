/** When failures of the storage end a run: no file will fare better. */
import { type ErrorCode, type PlainError, StorageError } from '../errors.js';

/** Failures of the storage, one after the other, that end the run. */
const MAX_FAILURES = 10;
/** What ends it at once. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['STORE_FULL', 'STORE_READ_ONLY', 'STORE_SYNC']);
/** What says nothing of the storage. */
const OF_ITEM: ReadonlySet<ErrorCode> = new Set(['STORE_EXISTS', 'STORE_CROWDED']);

export class StorageHealth {
  #failures = 0;
  #last: PlainError | undefined;

  /** A file is stored. */
  stored(): void {
    this.#failures = 0;
  }

  /** @returns the error that ends the run, if this one does */
  failed(error: PlainError): StorageError | undefined {
    if (!error.code.startsWith('STORE_') || OF_ITEM.has(error.code)) return undefined;
    // A shard that fails is one failure of the storage, however many items are in it.
    if (error === this.#last) return undefined;
    this.#last = error;
    this.#failures += 1;
    return HOPELESS.has(error.code) || this.#failures >= MAX_FAILURES ? new StorageError(error) : undefined;
  }
}
