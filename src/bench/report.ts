/** What `sluice bench --json` writes. The README documents it; a change that is no addition takes another `schema`. */
import type { ImageCheck, Layout, SimulatedLatency } from '../protocol/settings.js';
import type { Bound } from '../outcome.js';
import type { Spread } from './statistics.js';

/**
 * `sequential`: one after the other, as flags.py; `inline`: requests at once, saved on the main thread, as
 * flags2_asyncio.py; `libuv`: saved through `fs.promises`; `threads`: each worker downloads and saves, as
 * flags2_threadpool.py; `pool`: saved by a pool of workers, as flags2_asyncio.py with `run_in_executor`.
 */
export const STRATEGIES = ['sequential', 'inline', 'libuv', 'threads', 'pool'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** What others are compared with. */
export const REFERENCES = ['inline', 'sequential'] as const satisfies readonly Strategy[];
export type Reference = (typeof REFERENCES)[number];

export const ENCODINGS = ['identity', 'gzip', 'deflate', 'br'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** `flags`: 194 GIFs of 1 to 36 KB; `fixed`: of one size; `range`: from least to most, as many of each order of magnitude. */
export type Bodies =
  | { readonly kind: 'flags' }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'range'; readonly least: number; readonly most: number };

/** What the embedded server does. */
export interface ServerSettings {
  /** Bytes, before any encoding. */
  readonly bodies: Bodies;
  readonly encoding: Encoding;
  /** Milliseconds until an answer begins. */
  readonly latency: number;
  /** Share of the requests that fail, 0 to 1: half of them with a 503, half by a reset. */
  readonly errorRate: number;
  /** Bytes a second, of all connections together; 0 for no bound. */
  readonly bandwidth: number;
  /** Decides sizes, contents and failures. */
  readonly seed: number;
}

/** How one strategy, or one try of the advice, is run. */
export interface Setting {
  readonly layout: Layout;
  /** Requests at once. */
  readonly requests: number;
  readonly workers: number | 'auto';
}

export interface BenchReport {
  readonly schema: 'sluice-bench/1';
  /** Of sluice. */
  readonly version: string;
  /** ISO 8601. */
  readonly started: string;
  readonly ended: string;
  readonly machine: Machine;
  readonly storage: Storage;
  readonly work: Work;
  readonly rounds: number;
  /** In the order of {@link STRATEGIES}; only those that were asked for. */
  readonly strategies: readonly StrategyReport[];
  /** Files a second of one strategy divided by that of another, round by round. */
  readonly ratios: readonly Ratio[];
  readonly advice: Advice | null;
  /** What was not measured cleanly, for people; empty where nothing is to be said. */
  readonly doubts: readonly string[];
  /** The sentences that answer what the hand-off gains here, the first one the shortest. */
  readonly answer: readonly string[];
}

export interface Machine {
  /** Model. */
  readonly processor: string;
  readonly processors: number;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
}

export interface Storage {
  /** Absolute, as it was asked for. */
  readonly directory: string;
  /** Of the file system, as the operating system calls it: `ext4`, `tmpfs`, `nfs` ...; null where nobody tells. */
  readonly fileSystem: string | null;
  /** Milliseconds that the store waited besides, to try slow storage; null where nothing was simulated. */
  readonly simulated: SimulatedLatency | null;
}

/** What was downloaded, and how, where the advice tried nothing else. */
export interface Work {
  /** Null for a list of the user's. */
  readonly server: ServerSettings | null;
  readonly list: string | null;
  readonly imageCheck: ImageCheck;
  readonly setting: Setting;
  /** Bytes that may be fetched and not yet stored. */
  readonly memory: number;
}

export interface StrategyReport {
  readonly strategy: Strategy;
  /** In each round; slow strategies are given fewer, so that all run about as long. */
  readonly files: number;
  /** Of all rounds. */
  readonly failed: number;
  readonly filesPerSecond: Spread;
  /** Of stored files. */
  readonly bytesPerSecond: Spread;
  /** Seconds from the beginning of the run, which loads what it needs and starts its threads, to the last stored file. */
  readonly elapsed: Spread;
  /** Seconds on a processor of the main thread; null where the operating system does not tell. */
  readonly cpuMain: Spread | null;
  /** Seconds on a processor of all threads of the downloading process, its start included. */
  readonly cpuAll: Spread;
  /** Bytes resident at the most, Node's own included. */
  readonly peakMemory: Spread;
  /** Milliseconds that an event waits for the event loop of the main thread, at a random moment. */
  readonly loopDelay: Quantiles;
  /** Milliseconds from the last byte of a body to the stored file; null where nothing was stored. */
  readonly storeDelay: Omit<Quantiles, 'max'> | null;
  /** Milliseconds a file that the storage took, for new names, bytes and final names; null where nobody knows. */
  readonly storage: { readonly create: Spread; readonly write: Spread; readonly rename: Spread } | null;
  /** How busy the network was: share of the files a second that the same requests give when nothing is stored. */
  readonly network: Spread;
  /** What held it up in most rounds; null for runs that were too short. */
  readonly verdict: { readonly bound: Bound; readonly share: number; readonly detail: string } | null;
  /** Of the round that took the median time. */
  readonly timeline: Timeline;
  /** Each run by itself, in order. */
  readonly runs: readonly RunFigures[];
}

export interface Quantiles {
  readonly p50: Spread;
  readonly p99: Spread;
  readonly max: Spread;
}

/** Of one run; the units are those of {@link StrategyReport}. */
export interface RunFigures {
  /** From 1. */
  readonly round: number;
  readonly stored: number;
  readonly failed: number;
  readonly bytes: number;
  readonly elapsed: number;
  /** Seconds of it until the first file was stored; of `threads`, until each of them can have stored one. */
  readonly starting: number;
  readonly cpuMain: number | null;
  readonly cpuAll: number;
  readonly peakMemory: number;
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly storeDelay: { readonly p50: number; readonly p99: number } | null;
  readonly storage: { readonly create: number; readonly write: number; readonly rename: number } | null;
  readonly network: number;
  readonly verdict: StrategyReport['verdict'];
}

/** A run in slots of equal time. */
export interface Timeline {
  /** Milliseconds of a slot. */
  readonly interval: number;
  /** Bodies that were whole by the end of each slot. */
  readonly fetched: readonly number[];
  /** Files that were stored by then. */
  readonly stored: readonly number[];
  /** Longest delay of the event loop in the slot, in milliseconds. */
  readonly loopDelay: readonly number[];
}

export interface Ratio {
  readonly strategy: Strategy;
  readonly to: Reference;
  readonly ratio: Spread;
}

/** What the settings that were tried gave. */
export interface Advice {
  /** Seconds that it was given. */
  readonly seconds: number;
  /** In order. */
  readonly tried: readonly { readonly setting: Setting; readonly filesPerSecond: number }[];
  /** The fastest, or as fast as that and nearer to what was asked for. */
  readonly best: Setting;
  /** What to give `sluice get`, such as `--layout hashed --workers 24`; empty for what it does by itself. */
  readonly flags: string;
  /** Files a second with it, against saving on the main thread with as many requests at once, in the same rounds. */
  readonly gain: Spread;
}
