/** Bounds that others know, too. */

/** Requests at once at the most. */
export const MAX_REQUESTS = 10_000;
/** Threads at the most. */
export const MAX_WORKERS = 64;
/** Requests at once that `--max-requests auto` goes up to: what memory, files and threads are shared out for. */
export const AUTO_REQUESTS = 512;

/** Requests that may run at once. */
export function mostRequests({ maxRequests }: { readonly maxRequests: number | 'auto' }): number {
  return maxRequests === 'auto' ? AUTO_REQUESTS : maxRequests;
}
