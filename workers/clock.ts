/** Where a thread's time goes: on a processor, waiting for one, or blocked, which in the store means waiting for storage. */
import { openSync, readSync } from 'node:fs';
import type { Times } from '../src/protocol.js';

const text = Buffer.alloc(128);
let fd: number | undefined | null;
let renaming = 0;

/** Counts milliseconds as spent in renaming. */
export function countRename(milliseconds: number): void {
  renaming += milliseconds;
}

/**
 * The times of this thread since it started. Linux counts them for each thread (`/proc/thread-self/schedstat`: nanoseconds
 * on a processor, nanoseconds waiting for one); elsewhere both are 0, and all time counts as blocked.
 */
export function threadTimes(): Times {
  if (fd === undefined) fd = openCounters();
  const wall = performance.now();
  if (fd === null) return { wall, run: 0, wait: 0, rename: renaming };
  const [run = 0, wait = 0] = text.toString('latin1', 0, readSync(fd, text, 0, text.length, 0)).split(' ', 2);
  return { wall, run: Number(run) / 1e6, wait: Number(wait) / 1e6, rename: renaming };
}

function openCounters(): number | null {
  try {
    return openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return null;
  }
}

export function timesSince(start: Times): Times {
  const now = threadTimes();
  return {
    wall: now.wall - start.wall,
    run: now.run - start.run,
    wait: now.wait - start.wait,
    rename: now.rename - start.rename,
  };
}
