/**
 * How late the timers of this process are: what keeps a rate by timers cannot be more exact than they are. On a quiet machine
 * it is a millisecond; where others have the processor, it may be a second now and then.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Lateness {
  /** Milliseconds, of a timer on average. */
  readonly mean: number;
  /** Milliseconds by which timers were later than what is made up for. */
  readonly lost: number;
}

/** Milliseconds of each timer. */
const TICK = 20;

/**
 * @param from milliseconds until it begins
 * @param madeUp milliseconds by which a timer may be late without anything being lost
 * @returns what ends it, and tells
 */
export function watchTimers(from: number, madeUp: number): () => Lateness {
  let [ticks, total, lost] = [0, 0, 0];
  let due = performance.now() + from;
  let timer = setTimeout(tick, from);
  function tick(): void {
    const late = Math.max(0, performance.now() - due);
    ticks += 1;
    total += late;
    lost += Math.max(0, late - madeUp);
    due = performance.now() + TICK;
    timer = setTimeout(tick, TICK);
  }
  return () => {
    clearTimeout(timer);
    return { mean: ticks === 0 ? 0 : total / ticks, lost };
  };
}

/** Milliseconds between two looks. */
const RESOLUTION = 10;

/** @returns what tells by how many milliseconds this thread came too late to what there was to do, at the most so far */
export function watchLoop(): () => number {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  return () => Math.max(0, delay.max / 1e6 - RESOLUTION);
}
