/** How the command is called. */
import type { ExecutorName } from '../../src/options/table.js';
import type { ImageCheck, Layout } from '../../src/protocol/settings.js';
import type { Draw } from './draw.js';

export interface Settings {
  readonly executor: ExecutorName;
  readonly layout: Layout;
  readonly maxRequests: number;
  readonly maxRequestsPerHost: number | undefined;
  readonly memory: '8MiB' | '32MiB' | '256MiB';
  readonly workers: 'auto' | number;
  readonly tries: number;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly maxTime: number | undefined;
  /** Bytes a second. */
  readonly lowestSpeed: number;
  readonly strict: boolean;
  readonly durable: boolean;
  readonly journal: boolean;
  /** Whether the journal has a folder of its own. */
  readonly state: boolean;
  readonly imageCheck: ImageCheck;
  readonly shardSize: '1MiB' | '128MiB';
  readonly overwrite: boolean;
  readonly verbose: boolean;
  /** How the list comes. */
  readonly input: 'file' | 'two files' | 'standard input';
}

export function drawSettings(draw: Draw): Settings {
  const layout = draw.pick(['flat', 'flat', 'hashed', 'tar'] as const);
  const executor =
    layout === 'tar' ? 'pool' : draw.pick(['pool', 'pool', 'pool', 'inline', 'libuv', 'threads'] as const);
  return {
    executor,
    layout,
    maxRequests: draw.pick(executor === 'threads' ? [1, 2, 6] : [1, 2, 4, 16, 16, 32]),
    maxRequestsPerHost: draw.chance(0.35) ? draw.int(1, 4) : undefined,
    memory: draw.pick(['8MiB', '8MiB', '32MiB', '256MiB']),
    workers: draw.pick(['auto', 'auto', 1, 2, 4]),
    tries: draw.pick([1, 2, 3, 3, 4]),
    timeout: draw.pick([1, 1.5, 2]),
    maxTime: draw.chance(0.15) ? draw.int(3, 5) : undefined,
    lowestSpeed: draw.pick([0, 100, 100, 1024]),
    strict: draw.chance(0.25),
    durable: draw.chance(0.15),
    journal: !draw.chance(0.1),
    state: draw.chance(0.15),
    imageCheck: draw.pick(['none', 'none', 'structure', 'pixels']),
    shardSize: draw.pick(['1MiB', '128MiB']),
    overwrite: draw.chance(0.15),
    verbose: draw.chance(0.3),
    input: draw.pick(['file', 'file', 'two files', 'standard input']),
  };
}

/** Where things are. */
export interface Paths {
  readonly directory: string;
  readonly state: string;
  readonly report: string;
  /** Two, of which each has a half, or one that has all. */
  readonly lists: readonly string[];
}

/** The arguments of the command. */
export function argumentsFor(settings: Settings, { directory, state, report, lists }: Paths): string[] {
  const values: Readonly<Record<string, string | number | undefined>> = {
    '-d': directory,
    '--report': report,
    '--executor': settings.executor,
    '--layout': settings.layout,
    '-m': settings.maxRequests,
    '--max-requests-per-host': settings.maxRequestsPerHost,
    '--memory': settings.memory,
    '--workers': settings.workers,
    '--tries': settings.tries,
    '--timeout': settings.timeout,
    '--max-time': settings.maxTime,
    '--lowest-speed': settings.lowestSpeed,
    '--image-check': settings.imageCheck,
    '--shard-size': settings.layout === 'tar' ? settings.shardSize : undefined,
    '--state': settings.state && settings.journal ? state : undefined,
  };
  const flags: Readonly<Record<string, boolean>> = {
    '--no-journal': !settings.journal,
    '--strict': settings.strict,
    '--durable': settings.durable,
    '--overwrite': settings.overwrite,
    '--verbose': settings.verbose,
  };
  return [
    'get',
    ...(settings.input === 'standard input' ? ['-'] : lists).flatMap((list) => ['-i', list]),
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)])),
    ...Object.keys(flags).filter((name) => flags[name]),
  ];
}
