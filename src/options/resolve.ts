/** The options of a download: every default and every bound. */
import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import type { RetryPolicy } from './retry-policy.js';
import type { ImageCheck, Layout, SimulatedLatency } from '../protocol/settings.js';

/**
 * What decodes and stores: `pool` hands bodies to worker threads in batches, `inline` stores on the main thread,
 * `libuv` through `fs.promises`; with `threads` each worker downloads and stores by itself.
 */
export const EXECUTORS = ['pool', 'inline', 'libuv', 'threads'] as const;
export type ExecutorName = (typeof EXECUTORS)[number];

export const IMAGE_CHECKS = ['none', 'structure', 'pixels'] as const satisfies readonly ImageCheck[];

export const LAYOUTS = ['flat', 'hashed', 'tar'] as const satisfies readonly Layout[];

export interface DownloadOptions {
  /** Destination folder; made if it is not there. Default: `downloads`. */
  readonly directory?: string;
  /** Requests at once, 1 to 10,000. Default: 16. */
  readonly maxRequests?: number;
  /** Requests to one server (scheme, host and port) at once, 1 to 10,000. Default: no bound but `maxRequests`. */
  readonly maxRequestsPerHost?: number;
  /** Default: `pool`. */
  readonly executor?: ExecutorName;
  /** Threads that store, 1 to 64, or `auto`. Default: `auto`. */
  readonly workers?: number | 'auto';
  /** Bytes that may be fetched and not yet stored, as a number or as `256MiB`; at least 8 MiB. Default: 256 MiB. */
  readonly memory?: number | string;
  /** Default: `flat`. */
  readonly layout?: Layout;
  /** Bytes of a shard of the layout `tar`, as a number or as `1GiB`; at least 1 MiB. Default: 128 MiB. */
  readonly shardSize?: number | string;
  /** Default: `none`. */
  readonly imageCheck?: ImageCheck;
  /** Bytes of one stored file, as a number or as `4GiB`; a larger body is an error. Default: 1 TiB. */
  readonly maxBodySize?: number | string;
  /** Seconds to connect, to wait for an answer, and between two pieces of a body; up to a day. Default: 60. */
  readonly timeout?: number;
  /** Seconds for each item, over all its tries, without what the storage takes; up to a day. Default: 86,400. */
  readonly maxTime?: number;
  /**
   * Bytes a second of a body, as a number or as `1KiB`: one that comes slower for `timeout` seconds is given up, and tried
   * again. 0 for no bound. Default: 100.
   */
  readonly lowestSpeed?: number | string;
  /** Tries for each item, the first included, 1 to 100. Default: 5. */
  readonly tries?: number;
  /**
   * A body that ends with the connection, so that nothing proves that it is whole, is an error with code `BODY_UNPROVEN`.
   * Default: false, and its outcome is marked.
   */
  readonly strict?: boolean;
  /** Headers for every request; a redirect to another scheme, host or port drops them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Replace files that are there. Default: false, and such an item is an error with code `STORE_EXISTS`. */
  readonly overwrite?: boolean;
  /**
   * Whether the run is written down in the destination, so that the same call goes on where it was stopped. Default: true.
   */
  readonly journal?: boolean;
  /** Folder for the journal. Default: `.sluice` in the destination. */
  readonly state?: string;
  /** Sync each file and the journal before the file counts as stored. Default: false. */
  readonly durable?: boolean;
  /**
   * Milliseconds that the store waits for each name and each write, up to a minute, to try what slow storage does. Names of
   * one folder take turns. Default: none.
   */
  readonly simulatedLatency?: SimulatedLatency;
  /** Stops the download: nothing more is requested, and what is fetched is still stored, within `grace`. */
  readonly signal?: AbortSignal;
  /**
   * Seconds for which a download that was stopped goes on storing what it has fetched, up to a day, or `Infinity` to store
   * all of it. What is being stored after that gets another second and a half. Default: 1.
   */
  readonly grace?: number;
}

/** The same with nothing left open. */
export interface ResolvedOptions {
  /** Absolute. */
  readonly directory: string;
  readonly maxRequests: number;
  /** Infinity for no bound. */
  readonly maxRequestsPerHost: number;
  /** `discard` stores nothing: no user can ask for it, but a measurement compares with it. */
  readonly executor: ExecutorName | 'discard';
  readonly workers: number | 'auto';
  /** Bytes. */
  readonly memory: number;
  readonly layout: Layout;
  /** Bytes. */
  readonly shardSize: number;
  readonly imageCheck: ImageCheck;
  /** Bytes. */
  readonly maxBodySize: number;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly maxTime: number;
  /** Bytes a second; 0 for no bound. */
  readonly lowestSpeed: number;
  readonly retry: RetryPolicy;
  readonly strict: boolean;
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
  readonly overwrite: boolean;
  readonly journal: boolean;
  /** Absolute. */
  readonly state: string | undefined;
  readonly durable: boolean;
  readonly simulatedLatency: SimulatedLatency;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds. */
  readonly grace: number;
}

/** Requests at once at the most. */
export const MAX_REQUESTS = 10_000;
/** Threads at the most. */
export const MAX_WORKERS = 64;

const RETRY = { baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 10 * 60_000, patience: 5 * 60_000 } as const;

const MIB = 2 ** 20;
const MIN_MEMORY = 8 * MIB;
const MAX_SECONDS = 24 * 60 * 60;
/** Milliseconds. */
const MAX_LATENCY = 60_000;

/**
 * @throws UsageError that names the option and the value
 */
export function resolveOptions(options: DownloadOptions): ResolvedOptions {
  const executor = oneOf('executor', options.executor ?? 'pool', EXECUTORS);
  const layout = oneOf('layout', options.layout ?? 'flat', LAYOUTS);
  if (layout === 'tar' && executor !== 'pool') {
    throw new UsageError(
      `--layout tar does not go with --executor ${executor}`,
      'leave --executor out: tar needs the pool',
    );
  }
  return {
    directory: resolve(nonEmpty('directory', options.directory ?? 'downloads')),
    maxRequests: integer('max-requests', options.maxRequests ?? 16, 1, MAX_REQUESTS),
    maxRequestsPerHost:
      options.maxRequestsPerHost === undefined
        ? Infinity
        : integer('max-requests-per-host', options.maxRequestsPerHost, 1, MAX_REQUESTS),
    executor,
    workers:
      options.workers === undefined || options.workers === 'auto'
        ? 'auto'
        : integer('workers', options.workers, 1, MAX_WORKERS),
    memory: parseSize('memory', options.memory ?? 256 * MIB, MIN_MEMORY),
    layout,
    shardSize: parseSize('shard-size', options.shardSize ?? 128 * MIB, MIB),
    imageCheck: oneOf('image-check', options.imageCheck ?? 'none', IMAGE_CHECKS),
    maxBodySize: parseSize('max-body-size', options.maxBodySize ?? 2 ** 40, 1),
    // Whole milliseconds: undici takes no other, and 1000 * 1.001 is not whole.
    timeout: Math.ceil(1000 * seconds('timeout', options.timeout ?? 60)),
    maxTime: Math.ceil(1000 * seconds('max-time', options.maxTime ?? MAX_SECONDS)),
    lowestSpeed: parseSize('lowest-speed', options.lowestSpeed ?? 100, 0),
    retry: { ...RETRY, tries: integer('tries', options.tries ?? 5, 1, 100) },
    strict: options.strict ?? false,
    headers: Object.entries(options.headers ?? {}).flatMap(([name, value]) => header(name, value)),
    overwrite: options.overwrite ?? false,
    journal: options.journal ?? true,
    state: options.state === undefined ? undefined : resolve(nonEmpty('state', options.state)),
    durable: options.durable ?? false,
    simulatedLatency: latency(options.simulatedLatency ?? { name: 0, write: 0 }),
    signal: options.signal,
    grace:
      1000 * (options.grace === 0 || options.grace === Infinity ? options.grace : seconds('grace', options.grace ?? 1)),
  };
}

function nonEmpty(option: string, value: string): string {
  if (value === '') throw new UsageError(`--${option} is empty`, 'name a folder');
  return value;
}

function integer(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`--${option} ${value} is out of bounds`, `give a whole number from ${least} to ${most}`);
}

/** Bounded above, because Node's timers fire at once when they are set beyond 2^31 ms. */
function seconds(option: string, value: number): number {
  if (value > 0 && value <= MAX_SECONDS) return value;
  throw new UsageError(
    `--${option} ${value} is out of bounds`,
    `give a number of seconds above 0 and up to ${MAX_SECONDS}`,
  );
}

function latency(simulated: SimulatedLatency): SimulatedLatency {
  for (const value of [simulated.name, simulated.write]) {
    if (Number.isFinite(value) && value >= 0 && value <= MAX_LATENCY) continue;
    throw new UsageError(
      `--simulate-latency ${simulated.name},${simulated.write} is out of bounds`,
      `give two numbers of milliseconds from 0 to ${MAX_LATENCY}`,
    );
  }
  return simulated;
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new UsageError(`--${option} ${value} is unknown`, `give one of ${allowed.join(', ')}`);
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 2 ** 10,
  M: MIB,
  G: 2 ** 30,
  T: 2 ** 40,
  KIB: 2 ** 10,
  MIB,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes, or a number with a unit: K, M, G, T and KiB ... are powers of 1,024, KB ... of 1,000. */
export function parseSize(option: string, value: number | string, least: number): number {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value));
  const unit = UNITS[parts?.[2]?.toUpperCase() ?? ''];
  if (parts === null || unit === undefined) {
    throw new UsageError(`--${option} ${value} is no size`, 'give bytes, or a number with a unit, such as 256MiB');
  }
  const bytes = Math.floor(Number(parts[1]) * unit);
  if (bytes < least) {
    throw new UsageError(`--${option} ${value} is too small`, `give at least ${formatLeast(least)}`);
  }
  return bytes;
}

function formatLeast(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB}MiB` : String(bytes);
}

/** Headers that say how a message is sent, not what is asked for: undici writes them, and refuses requests with others. */
const OF_CONNECTION = /^(?:connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** RFC 9110, 5.5 and 5.6.2: a token, and a value without line breaks or control characters. */
function header(name: string, value: string): [string, string] {
  // eslint-disable-next-line no-control-regex
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new UsageError(`--header ${JSON.stringify(`${name}: ${value}`)} is no header`, "write it as 'Name: value'");
  }
  if (OF_CONNECTION.test(name)) {
    throw new UsageError(`--header ${name} belongs to the connection`, 'leave it out');
  }
  return [name, value];
}
