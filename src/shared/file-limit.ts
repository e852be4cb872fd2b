/** How many files the process may have open, and how a run shares them out: fewer at once is better than failing. */
import { readdirSync, readFileSync } from 'node:fs';

export interface FileShares {
  /** Files that the process may have open. */
  readonly limit: number;
  /** Requests at once: each has a socket, and where its body is large, a file. */
  readonly requests: number;
  /** Connections that are kept for later. */
  readonly idle: number;
  /** Threads. */
  readonly threads: number;
  /** Files that are written at once by one thread. */
  readonly writers: number;
}

/** Of each thread: its event loop has four, and it opens one more to load a module. */
const PER_THREAD = 5;
/** The lock, the journal, the lists, the report, what looking up names opens, and some more. */
const RESERVED = 12;

/** What is left for a run now; without a bound where no limit is known. */
export function shareFiles(): FileShares {
  const limit = fileLimit();
  if (limit === Infinity) return { limit, requests: Infinity, idle: Infinity, threads: Infinity, writers: Infinity };
  return share(limit, openFiles());
}

/** What is left where one task opens files, and nothing runs beside it; at least one. */
export function filesForOne(): number {
  const limit = fileLimit();
  return limit === Infinity ? limit : Math.max(1, limit - openFiles() - RESERVED);
}

/** @param open files that are open already */
export function share(limit: number, open: number): FileShares {
  const left = Math.max(0, limit - open - RESERVED);
  const threads = Math.max(1, Math.floor(left / 4 / PER_THREAD));
  // Requests, the files of their large bodies, idle connections, and writers.
  const each = Math.max(1, Math.floor((left - threads * PER_THREAD) / 4));
  return { limit, requests: each, idle: each, threads, writers: each };
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Node raises the soft limit to the hard one when it starts. Only Linux tells it. */
function fileLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
