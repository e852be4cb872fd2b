/** Bounds that others know, too. */

/** Requests at once at the most. */
export const MAX_REQUESTS = 10_000;
/** Threads at the most. */
export const MAX_WORKERS = 64;
