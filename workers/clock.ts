/** Where a thread's time goes: on a processor, waiting for one, or blocked, which in the store means waiting for storage. */
import { openSync, readSync } from 'node:fs';
import type { WriteMode } from '../src/protocol/messages.js';
import type { Operation, Times } from '../src/protocol/times.js';

const text = Buffer.alloc(128);
let fd: number | undefined | null;
let spent: Record<Operation, number> = { create: 0, write: 0, rename: 0 };

/** Counts the milliseconds since `started` as spent in one kind of operation. */
export function count(operation: Operation, started: number): void {
  spent[operation] += performance.now() - started;
}

/** Milliseconds that other threads have worked for this one since its times were last asked for. */
let elsewhere = 0;

/** Counts the milliseconds since `started` as spent on a processor by a thread that has worked for this one. */
export function countElsewhere(started: number): void {
  elsewhere += performance.now() - started;
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

/**
 * The time of all bodies in parts that this thread stores, without what they wait for their parts. It is told by whichever
 * ends next, as the operations are: what each of them had by itself would not fit these, nor one another, since a thread
 * that is blocked for one holds up the others as well.
 */
class PartsTime {
  /** Bodies that have what they need to go on. */
  #atWork = 0;
  #changed = 0;
  #began: Moment | undefined;
  /** Milliseconds with one of them at work, and the sum of what each was. */
  #any = 0;
  #each = 0;

  /** @param bodies one more, or one fewer, that is at work */
  change(bodies: 1 | -1): void {
    this.#began ??= now();
    const time = performance.now();
    if (this.#atWork > 0) this.#any += time - this.#changed;
    this.#each += this.#atWork * (time - this.#changed);
    this.#changed = time;
    this.#atWork += bodies;
  }

  /** What has passed since this was last asked for. */
  take(mode: WriteMode): Times {
    const began = this.#began ?? now();
    const ended = now();
    const wall = mode === 'blocking' ? this.#any : this.#each;
    this.#began = this.#atWork > 0 ? ended : undefined;
    this.#any = this.#each = 0;
    return partOf(timesBetween(began, ended), wall);
  }
}

const partsTime = new PartsTime();

/** The times of a writer that has to wait for what it writes. */
export class InParts {
  readonly #mode: WriteMode;
  #state: 'at work' | 'waiting' | 'over' = 'at work';

  constructor(mode: WriteMode) {
    this.#mode = mode;
    partsTime.change(1);
  }

  /** The same parts; the time that they are waited for is no time of the writer's. */
  async *of<T>(parts: AsyncIterable<T>): AsyncGenerator<T> {
    this.#become('waiting');
    try {
      for await (const part of parts) {
        this.#become('at work');
        yield part;
        this.#become('waiting');
      }
    } finally {
      this.#become('at work');
    }
  }

  /** Ends it: to be called once. */
  end(): Times {
    this.#become('over');
    return partsTime.take(this.#mode);
  }

  /** A decoder that failed may let go of its parts when all is over. */
  #become(state: 'at work' | 'waiting' | 'over'): void {
    const before = this.#state;
    if (before === 'over' || before === state) return;
    this.#state = state;
    if (before === 'at work') partsTime.change(-1);
    else if (state === 'at work') partsTime.change(1);
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
  const [wall, wait] = [end.wall - start.wall, end.wait - start.wait];
  const run = elsewhere === 0 ? end.run - start.run : Math.min(wall - wait, end.run - start.run + elsewhere);
  elsewhere = 0;
  return { wall, run, wait, ...operations };
}
