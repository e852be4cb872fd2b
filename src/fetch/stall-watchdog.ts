/**
 * The bounds of time of requests under way: the wait for an answer, the lowest speed of a body, and all that an item may
 * take. One timer looks after all of them, so that they cost nothing while bytes come. The time in which a body is
 * paused, because the storage is slow, never counts; nor does that for which something held up the main thread.
 */
import type { PlainError } from '../errors.js';
import { tooLate, tooSlow, unanswered } from './failure.js';

/** What is left of an item's time over all its tries, in milliseconds. */
export interface TimeLimit {
  timeLeft: number;
}

/** A request that is looked after. */
export interface Runner {
  readonly limit: TimeLimit;
  /** How many {@link StallWatchdog.looks} there were when its request was sent; undefined before. */
  readonly askedAt: number | undefined;
  /** Bytes of the body so far; undefined while none is coming. */
  readonly received: number | undefined;
  /** Where it asks, safe to print. */
  readonly where: string;
  /** Whether the body was paused since this was last asked. */
  takePaused(): boolean;
  cancel(error: PlainError): void;
}

export interface PaceOptions {
  /** Milliseconds for which an answer is waited for, and over which a body's speed is measured. */
  readonly timeout: number;
  /** Bytes a second; 0 for none. */
  readonly lowestSpeed: number;
}

/** A part of a body, of which the speed is measured. */
interface Lap {
  /** Milliseconds. */
  time: number;
  /** Bytes of the body when it began, those of pauses included. */
  from: number;
  received: number;
}

/** Milliseconds between two looks, at the most and at the least. */
const INTERVAL = 1_000;
const SHORTEST = 10;

export class StallWatchdog {
  readonly #options: PaceOptions;
  readonly #interval: number;
  readonly #running = new Set<Runner>();
  /** Of those whose body was coming at the last look. */
  readonly #laps = new Map<Runner, Lap>();
  #timer: NodeJS.Timeout | undefined;
  #now = 0;
  #looks = 0;

  /** @param maxTime milliseconds: the least that is given to an item, which is to be kept to */
  constructor(options: PaceOptions, maxTime: number) {
    this.#options = options;
    this.#interval = Math.max(SHORTEST, Math.min(INTERVAL, options.timeout / 8, maxTime / 8));
  }

  /** Milliseconds of the monotonic clock at the last look. */
  get now(): number {
    return this.#now;
  }

  /** Looks so far: a clock that stands still while something holds up the main thread. */
  get looks(): number {
    return this.#looks;
  }

  /** Bytes of all bodies that are coming. */
  get received(): number {
    let bytes = 0;
    for (const { received } of this.#running) bytes += received ?? 0;
    return bytes;
  }

  add(runner: Runner): void {
    if (this.#timer === undefined) this.#start();
    this.#running.add(runner);
  }

  delete(runner: Runner): void {
    this.#running.delete(runner);
    if (this.#laps.size > 0) this.#laps.delete(runner);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param now milliseconds of the monotonic clock */
  look(now: number): void {
    const elapsed = Math.min(now - this.#now, 2 * this.#interval);
    this.#now = now;
    this.#looks += 1;
    const late: Runner[] = [];
    const silent: Runner[] = [];
    const slow: Runner[] = [];
    for (const runner of this.#running) {
      const isPaused = runner.takePaused();
      if (!isPaused) runner.limit.timeLeft -= elapsed;
      if (runner.limit.timeLeft <= 0) late.push(runner);
      else if (this.#isSilent(runner)) silent.push(runner);
      else if (this.#options.lowestSpeed > 0 && this.#isSlow(runner, elapsed, isPaused)) slow.push(runner);
    }
    // Not before all were looked at: each that ends makes room for another.
    for (const runner of late) runner.cancel(tooLate(runner.where));
    for (const runner of silent) runner.cancel(unanswered(runner.where));
    for (const runner of slow) {
      runner.cancel(tooSlow(runner.where, this.#options.lowestSpeed, this.#options.timeout / 1_000));
    }
  }

  #start(): void {
    this.#now = performance.now();
    this.#timer = setInterval(() => this.look(performance.now()), this.#interval);
    this.#timer.unref();
  }

  /** Undici's own time-out begins anew with each interim answer: a server that sends them would be waited for for ever. */
  #isSilent({ askedAt, received }: Runner): boolean {
    if (received !== undefined || askedAt === undefined) return false;
    // It was asked at some time after that look.
    return this.#looks - askedAt > 1 + this.#options.timeout / this.#interval;
  }

  #isSlow(runner: Runner, elapsed: number, isPaused: boolean): boolean {
    const { received } = runner;
    const lap = this.#laps.get(runner);
    if (received === undefined) {
      if (lap !== undefined) this.#laps.delete(runner);
      return false;
    }
    // Less than before: a redirect has led to another body.
    if (lap === undefined || received < lap.received) {
      this.#laps.set(runner, { time: 0, from: received, received });
      return false;
    }
    if (isPaused) lap.from += received - lap.received;
    else lap.time += elapsed;
    lap.received = received;
    if (lap.time < this.#options.timeout) return false;
    const isSlow = (received - lap.from) * 1_000 < this.#options.lowestSpeed * lap.time;
    lap.time = 0;
    lap.from = received;
    return isSlow;
  }
}
