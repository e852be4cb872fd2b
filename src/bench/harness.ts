/** Makes single runs, and says how many files make a run of the length that is wanted. */
import type { DownloadOptions } from '../options/resolve.js';
import { MAX_WORKERS } from '../options/limits.js';
import { busySeconds } from './load.js';
import { type Place, requireRoom } from './place.js';
import type { Setting } from './report.js';
import { runInProcess, type RunResult } from './run.js';
import type { WorkSource } from './source.js';
import type { ServerAccount } from './server.js';
import type { Contender } from './strategies.js';

/** Files of the first run that finds out how fast a strategy is, and of files that may be of any size. */
const FIRST = 10;
const FIRST_UNKNOWN = 2;
/** By how much more the next run may have, while a run is short, and from this share of the time wanted on. */
const GROWTH = 16;
const SLOW_GROWTH = 4;
const SHORT = 1 / 4;
/** Share of the time wanted that a run has to take to be as good as one that takes all of it. */
const LONG = 3 / 4;
/** So often the time is too much, of what is not starting. */
const TOO_LONG = 2;

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

export class Harness {
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
   * Runs with more and more files until a run is as long as is wanted.
   *
   * @param seconds that a run is to take besides what starting takes
   * @returns that run, or the longest that could be made
   */
  async size(contender: Contender, setting: Setting, seconds: number): Promise<Measured> {
    const { place, source, files: given } = this.#options;
    let before = { files: 0, elapsed: 0 };
    for (let files = Math.min(given ?? this.#first(contender, setting), this.#most); ;) {
      const measured = await this.run(contender, setting, files);
      const { elapsed, starting, stored, bytes } = measured.result;
      if (source.size === undefined && stored > 0) requireRoom(place, files, bytes / stored);
      // The steepness of the line through the last two runs, in which what starting takes does not count.
      const perFile = Math.max(0, elapsed - before.elapsed) / (files - before.files);
      const isFirst = before.files === 0;
      const isTooLong = elapsed - starting >= TOO_LONG * seconds;
      const isLong = isTooLong || (!isFirst && files * perFile >= LONG * seconds);
      if (isLong || given !== undefined || files >= this.#most) return measured;
      before = { files, elapsed };
      const fitting = isFirst ? Infinity : Math.max(2 * files, seconds / perFile);
      const growth = elapsed < SHORT * seconds ? GROWTH : SLOW_GROWTH;
      files = Math.min(this.#most, Math.ceil(Math.min(growth * files, fitting)));
    }
  }

  #first(contender: Contender, { requests }: Setting): number {
    const first = this.#options.source.size === undefined ? FIRST_UNKNOWN : FIRST;
    // Each request of theirs is a thread, which takes long to start.
    return contender === 'threads' ? Math.max(first, Math.min(requests, MAX_WORKERS)) : first;
  }

  get #most(): number {
    return Math.min(this.#options.most, this.#options.source.most);
  }
}
