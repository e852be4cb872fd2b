/** Makes single runs, and says how many files make a run of the length that is wanted. */
import { type DownloadOptions, MAX_WORKERS } from '../options.js';
import { busySeconds } from './load.js';
import { type Place, requireRoom } from './place.js';
import type { Setting } from './report.js';
import { runInProcess, type RunResult } from './run.js';
import type { WorkSource } from './source.js';
import type { ServerAccount } from './server.js';
import type { Contender } from './strategies.js';

/** Files of the first run that finds out how fast a strategy is. */
const FIRST = 10;
/** The same of files that may be of any size. */
const FIRST_UNKNOWN = 2;
/** By how much more the next one may have; less where the first one, which may have been no more than a start, took long. */
const GROWTH = 16;
const SLOW_GROWTH = 4;
/** Runs, and share of the time wanted, from which on it is clear; or so often that time, whatever starting took. */
const ENOUGH = 3;
const TELLING = 1 / 2;
const HOPELESS = 2;

/** A run as it was seen from within and without. */
export interface Measured {
  readonly result: RunResult;
  readonly files: number;
  /** What the embedded server did meanwhile; undefined where there is none. */
  readonly server: ServerAccount | undefined;
  /** Processors that other programs had on average; null where nobody tells. */
  readonly others: number | null;
}

export interface RigOptions {
  readonly place: Place;
  readonly source: WorkSource;
  /** Of every run, but for the directory and what a setting says. */
  readonly options: DownloadOptions;
  /** Files of every run; undefined for as many as take the time that is wanted. */
  readonly files: number | undefined;
  /** Files of a run at the most. */
  readonly most: number;
  readonly signal: AbortSignal;
}

export class Rig {
  readonly #options: RigOptions;
  readonly #signal: AbortSignal;

  constructor(options: RigOptions) {
    this.#options = options;
    const { signal, source } = options;
    // Without its server a run would try for minutes.
    this.#signal = source.server === undefined ? signal : AbortSignal.any([signal, source.server.lost]);
  }

  async run(contender: Contender, setting: Setting, files: number): Promise<Measured> {
    const { place, source, options } = this.#options;
    const { layout, requests, workers } = setting;
    const directory = await place.fresh(this.#signal);
    const spec = {
      strategy: contender,
      items: source.first(files),
      options: { ...options, directory, layout, workers, maxRequests: requests },
    };
    await source.server?.take();
    const own = process.cpuUsage();
    const [busy, started] = [busySeconds(), performance.now()];
    const result = await runInProcess(spec, this.#signal);
    const [busyAfter, seconds] = [busySeconds(), (performance.now() - started) / 1000];
    const server = await source.server?.take();
    const { user, system } = process.cpuUsage(own);
    const ours = result.cpuAll + (server?.cpu ?? 0) + (user + system) / 1e6;
    const others = busy === null || busyAfter === null ? null : Math.max(0, busyAfter - busy - ours) / seconds;
    if (contender !== 'network') place.keep(result.stored, result.bytes);
    return { result, files, server, others };
  }

  /**
   * Runs with more and more files until it is clear how many take as long as is wanted.
   *
   * @param seconds that a run is to take besides what starting takes
   * @returns files for a run of that length, with the last run
   */
  async size(contender: Contender, setting: Setting, seconds: number): Promise<{ files: number; measured: Measured }> {
    const { place, source } = this.#options;
    let before = { files: 0, elapsed: 0 };
    let runs = 0;
    const first = source.size === undefined ? FIRST_UNKNOWN : FIRST;
    const least = contender === 'threads' ? Math.max(first, Math.min(setting.requests, MAX_WORKERS)) : first;
    const { files: given } = this.#options;
    for (let files = Math.min(given ?? least, this.#most); ;) {
      const measured = await this.run(contender, setting, files);
      const { elapsed, stored, bytes } = measured.result;
      if (source.size === undefined && stored > 0) requireRoom(place, files, bytes / stored);
      // The steepness of the line through the last two runs, in which what starting takes does not count.
      const perFile = Math.max(0, elapsed - before.elapsed) / (files - before.files);
      const fitting = Math.max(least, Math.floor(seconds / perFile));
      runs += 1;
      const telling =
        elapsed >= HOPELESS * seconds || (runs >= ENOUGH && Math.min(elapsed, files * perFile) >= TELLING * seconds);
      if (given !== undefined) return { files, measured };
      if (telling || files >= this.#most) return { files: Math.min(this.#most, fitting), measured };
      const growth = elapsed >= TELLING * seconds ? SLOW_GROWTH : GROWTH;
      files = Math.min(this.#most, files * growth, before.files === 0 ? Infinity : Math.max(2 * files, fitting));
      before = { files: measured.files, elapsed };
    }
  }

  get #most(): number {
    return Math.min(this.#options.most, this.#options.source.most);
  }
}
