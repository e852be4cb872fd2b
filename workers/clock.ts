/** Where a thread's time goes: on a processor, waiting for one, or blocked, which in the store means waiting for storage. */
import { openSync, readSync } from 'node:fs';
import type { Operation, Times } from '../src/protocol.js';

const text = Buffer.alloc(128);
let fd: number | undefined | null;
let spent: Record<Operation, number> = { create: 0, write: 0, rename: 0 };

/** Counts the milliseconds since `started` as spent in one kind of operation. */
export function count(operation: Operation, started: number): void {
  spent[operation] += performance.now() - started;
}

/** A moment of a thread's life, in milliseconds. */
export interface Moment {
  readonly wall: number;
  readonly run: number;
  readonly wait: number;
}

/**
 * The time of this thread. Linux counts it for each thread (`/proc/thread-self/schedstat`: nanoseconds on a processor,
 * nanoseconds waiting for one); elsewhere both are 0, and all time counts as blocked.
 */
export function now(): Moment {
  if (fd === undefined) fd = openCounters();
  if (fd === null) return { wall: performance.now(), run: 0, wait: 0 };
  // Brings the counters up to date: by themselves they lag by as much as the kernel's tick, more than a batch may take.
  process.cpuUsage();
  // As late as can be: what passes between the clocks, when the thread has to give way there, would be told by one only.
  const wall = performance.now();
  const [run = 0, wait = 0] = text.toString('latin1', 0, readSync(fd, text, 0, text.length, 0)).split(' ', 2);
  return { wall, run: Number(run) / 1e6, wait: Number(wait) / 1e6 };
}

function openCounters(): number | null {
  try {
    return openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return null;
  }
}

/** What of a thread's times belongs to work that took `wall` of them, as far as it can be told: as large a share. */
export function partOf(times: Times, wall: number): Times {
  const share = times.wall === 0 ? 0 : wall / times.wall;
  return { ...times, wall, run: share * times.run, wait: share * times.wait };
}

/** The times of a writer that has to wait for what it writes. */
export class InParts {
  readonly #started = now();
  #waited = 0;

  /** The same parts; the time that they are waited for is no time of the writer's. */
  async *of<T>(parts: AsyncIterable<T>): AsyncGenerator<T> {
    let asked = performance.now();
    for await (const part of parts) {
      this.#waited += performance.now() - asked;
      yield part;
      asked = performance.now();
    }
    this.#waited += performance.now() - asked;
  }

  get times(): Times {
    const times = timesSince(this.#started);
    return partOf(times, times.wall - this.#waited);
  }
}

/** What has passed since `start`; of the operations, what was counted since this was last asked for. */
export function timesSince(start: Moment): Times {
  return timesBetween(start, now());
}

/** A thread's time in pieces, one after the other. */
export class Laps {
  #from = now();

  /** What has passed since the last one. */
  next(): Times {
    const from = this.#from;
    this.#from = now();
    return timesBetween(from, this.#from);
  }
}

function timesBetween(start: Moment, end: Moment): Times {
  const operations = spent;
  spent = { create: 0, write: 0, rename: 0 };
  return { wall: end.wall - start.wall, run: end.run - start.run, wait: end.wait - start.wait, ...operations };
}
