/** The library's public face. */
import { Download } from './pipeline/download.js';
import { checkGiven, checkUrls } from './options/given.js';
import { type DownloadOptions, resolveOptions } from './options/resolve.js';
import type { ItemRequest } from './lists/source.js';
import type { Outcome, Summary } from './outcome.js';

export { type ErrorCode, type FailedItem, FetchError, SluiceError, StorageError, UsageError } from './errors.js';
export type { DownloadOptions } from './options/resolve.js';
export type { ExecutorName } from './options/table.js';
export type { ImageFacts, SameFile } from './item.js';
export type { ItemRequest } from './lists/source.js';
export type { ImageCheck, OnExists, SimulatedLatency } from './protocol/settings.js';
export type { Disallowed, Filtered, Failed, NotFound, Outcome, Replaced, Stored, Summary } from './outcome.js';
export type { Bound, Verdict } from './outcome.js';

/** Outcomes as items complete, and the account of the run. */
export interface Outcomes extends AsyncIterable<Outcome> {
  /** The account so far; whole when the iteration has ended. */
  readonly summary: Summary;
}

/**
 * Downloads URLs into a folder, through a pool of worker threads that decode and store.
 *
 * The run starts when the iteration does, and follows its reader: when outcomes are not read, no new requests start. An
 * item that fails is an outcome, not an exception. The iteration itself throws a {@link StorageError} when the storage
 * gives up, and a {@link SluiceError} with code `ABORTED` when `options.signal` stops it. A reader that leaves early
 * (`break`) stops the run and cleans up.
 *
 * @param urls http(s) URLs, or URLs with the names that their files shall have; read as they are needed
 * @throws UsageError for an option out of bounds, before anything is done
 */
export function download(
  urls: Iterable<string | URL | ItemRequest> | AsyncIterable<string | URL | ItemRequest>,
  options: DownloadOptions = {},
): Outcomes {
  checkUrls(urls);
  checkGiven(options);
  return new Download([{ kind: 'urls', urls, label: 'urls' }], resolveOptions(options));
}
