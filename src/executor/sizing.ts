/**
 * How many writers there should be. Writers that wait for storage cost next to nothing, so more of them bring more, until
 * something in the storage is used up: a directory's lock, a disk. Writers that wait for a processor bring nothing.
 *
 * While bodies wait for writers, the rate of n writers is n divided by the time that one of them takes for a file. So one
 * look at a writer's time tells how many would help, and a second one, after the step, whether they did. No clock is
 * needed, and no queue is guessed at.
 */
import type { WriteMode } from '../protocol/messages.js';
import type { Times } from '../protocol/times.js';
import { NO_TIMES, TimesSum } from './times.js';

/** A step pays if the rate grows by this much at least; else it is taken back. */
const WORTH = 1.3;
/** Share of its time that a writer is on a processor, up to which one thread can do the work of many that wait. */
const LIGHT = 0.25;
/** Milliseconds that a file waits for storage, from which on it is worth the more expensive way of waiting for many. */
const SLOW = 1;
/** Milliseconds that a file waits for storage, from which on the first sample proves enough, if its writer is light. */
const VERY_SLOW = 5;
/** Share of its time that the thread in which writers wait is on a processor or waits for one: then it is the bottleneck. */
const EXHAUSTED = 0.9;
/** For this share of the time that it is on a processor it waits for one where there are too few: threads would wait as well. */
const CROWDED = 0.5;
/** Milliseconds of a processor that a thread takes to start, and to become as quick as the others. */
const START = 200;
/** Samples of the first writer that are left out: it makes the first folders, and its code is cold. */
const FIRST = 1;
/** Samples for which a step that did not pay is not tried again. */
const PATIENCE = 500;

export interface SizerOptions {
  /** Writers at the most, where each is a thread. */
  readonly threads: number;
  /** Writers at the most that can wait in one thread; 0 where none can. */
  readonly waiting: number;
  /** Processors that writers can run on at the same time. */
  readonly processors: number;
  /** All files go to one folder, whose lock only one writer can hold to rename a file into it. */
  readonly oneFolder: boolean;
}

/** What is known of writers that are threads. */
interface Thread {
  /** Milliseconds. */
  readonly perFile: number;
  /** Of that time, what more of them would share. */
  readonly share: number;
  /** Of them there need be no more. */
  readonly most: number;
}

export class Sizer {
  readonly #options: SizerOptions;
  #writers = 1;
  /** Nothing has been judged yet. */
  #fresh = true;
  /** Of writers that are threads, when they were last looked at. */
  #thread: Thread | undefined;
  /** A writer that blocks is blocked for so long, and needs so little of a processor, that one thread can be many. */
  #canWait = false;
  /** One thread was not enough. */
  #exhausted = false;
  /** With the number of writers before the last step. */
  #before: { readonly writers: number; readonly rate: number } | undefined;
  /** Samples to leave out: they began before the last step. */
  #stale = FIRST;
  /** Samples until a step may be tried again. */
  #patience = 0;
  #samples = 0;
  #files = 0;
  readonly #times = new TimesSum(NO_TIMES);

  constructor(options: SizerOptions) {
    this.#options = options;
  }

  /** How many writers there should be. */
  get writers(): number {
    return this.#writers;
  }

  /** Whether they are threads that block, or one that waits for many files at once, which costs more of a processor. */
  get mode(): WriteMode {
    return this.#writers > this.#options.processors && this.#canWait ? 'waiting' : 'blocking';
  }

  /**
   * @param files that a writer stored
   * @param times of that writer for them
   * @param backlog bodies that wait for a writer
   * @param ready writers that are there
   */
  note(files: number, times: Times, backlog: number, ready: number): void {
    if (this.#patience > 0) this.#patience -= 1;
    // Writers of the last step that are not there yet would make it look bad, and idle ones prove nothing.
    if (ready < this.#writers || backlog < this.#writers) {
      this.#forget(Math.max(this.#stale, this.#writers));
      return;
    }
    // One that is heavy is cold, perhaps, and would be taken for one that needs a thread.
    const obvious = this.#fresh && blockedFor(times) / files > VERY_SLOW && times.run < LIGHT * times.wall;
    if (this.#stale > 0 && !obvious) {
      this.#stale -= 1;
      return;
    }
    this.#samples += 1;
    this.#files += files;
    this.#times.add(times);
    if (this.#samples >= this.#writers) this.#judge(backlog);
  }

  #judge(backlog: number): void {
    const writers = this.#writers;
    const times = this.#times.sum;
    const { wall, run, wait } = times;
    const perFile = wall / this.#files;
    const rate = writers / perFile;
    const before = this.#before;
    const isExhausted = run + wait > EXHAUSTED * wall && wait < CROWDED * run;
    if (this.mode === 'waiting' && isExhausted && this.#threadsBring(backlog) > rate * WORTH) {
      this.#exhausted = true;
      this.#canWait = false;
      this.#before = undefined;
      this.#step(1);
      return;
    }
    const useful = this.#useful(times, perFile, backlog);
    this.#fresh = false;
    this.#forget(0);
    if (before !== undefined && rate < before.rate * WORTH) {
      this.#before = undefined;
      this.#patience = PATIENCE;
      this.#step(before.writers);
    } else if (this.#patience === 0 && useful >= 1.5 * writers) {
      this.#before = { writers, rate };
      this.#step(useful);
    } else {
      this.#before = undefined;
    }
  }

  /** As many writers as would help, by where the time of those that are there goes. */
  #useful(times: Times, perFile: number, backlog: number): number {
    const { waiting, processors, oneFolder } = this.#options;
    const { wall, run, wait, rename } = times;
    const blocked = blockedFor(times);
    // More of them would only wait for a processor as well.
    if (wait > Math.max(run, blocked)) return this.#writers;
    const storageBound = blocked > run;
    const isThread = this.mode === 'blocking';
    if (isThread && !this.#exhausted) {
      this.#canWait = waiting > processors && blocked > SLOW * this.#files && run < LIGHT * wall;
    }
    // While one renames, the others can do the rest of their work; that much of it fits between two renames.
    const lock = oneFolder ? perFile / (rename / this.#files) + 1 : Infinity;
    const most = storageBound ? lock : processors;
    const thread = { perFile, share: storageBound ? blocked / wall : 1, most };
    if (isThread) this.#thread = thread;
    // Where writers cost nothing, there are enough of them that one always stands ready to rename.
    if (storageBound && this.#canWait) return Math.floor(Math.min(waiting, 4 * lock));
    return Math.floor(this.#soonest(thread, backlog));
  }

  /**
   * What n threads take for the backlog shrinks with n, what they take to start grows with it: where the two are equal lies
   * the number that ends first.
   */
  #soonest({ perFile, share, most }: Thread, backlog: number): number {
    const { threads, processors } = this.#options;
    return Math.min(threads, most, Math.sqrt((backlog * perFile * share * processors) / START));
  }

  /** Files in a millisecond, with as many threads as the backlog is worth in place of the one in which writers wait. */
  #threadsBring(backlog: number): number {
    return this.#thread === undefined ? 0 : this.#soonest(this.#thread, backlog) / this.#thread.perFile;
  }

  #step(writers: number): void {
    this.#writers = writers;
    this.#forget(writers);
  }

  #forget(stale: number): void {
    this.#stale = stale;
    this.#samples = this.#files = 0;
    this.#times.take();
  }
}

/**
 * Milliseconds for which the storage held up a writer: no more than what it was asked for took. A thread also waits for those
 * that collect its garbage, and these for a processor.
 */
function blockedFor({ wall, run, wait, create, write, rename }: Times): number {
  return Math.min(wall - run - wait, create + write + rename);
}
