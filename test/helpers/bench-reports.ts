/** Reports of bench as they would be measured: rounds that differ, and medians and ratios that follow from them. */
import {
  type BenchReport,
  type Ratio,
  REFERENCES,
  type RunFigures,
  type Storage,
  type Strategy,
  type StrategyReport,
  type Timeline,
} from '../../src/bench/report.js';
import { spreadOf } from '../../src/bench/statistics.js';
import { mulberry32 } from '../../src/server/random.js';

/** What a strategy does on a machine that is always the same. */
interface Model {
  readonly strategy: Strategy;
  /** A second. */
  readonly files: number;
  /** Microseconds on the main thread, and in all, for each file. */
  readonly cpu: readonly [number, number];
  /** MB. */
  readonly memory: number;
  /** Milliseconds: p50, p99, longest. */
  readonly loop: readonly [number, number, number];
  /** Milliseconds: p50, p99. */
  readonly store: readonly [number, number];
  /** Milliseconds for each file: new name, bytes, final name. */
  readonly storage: readonly [number, number, number];
  readonly network: number;
  readonly verdict: NonNullable<StrategyReport['verdict']>;
  /** Files that are fetched and not yet stored at the most. */
  readonly waiting: number;
}

type Bound = Model['verdict']['bound'];

function verdict(bound: Bound, share: number, detail: string): Model['verdict'] {
  return { bound, share, detail };
}

const ROUNDS = 5;
const SECONDS = 4;
const BODY = 12_400;

function strategyReport(model: Model, random: () => number, noise: number): StrategyReport {
  const files = Math.max(20, Math.round(model.files * SECONDS));
  const vary = (value: number, by = noise): number => value * (1 + by * (random() - 0.5));
  const runs = Array.from({ length: ROUNDS }, (_, index): RunFigures => {
    const elapsed = files / vary(model.files);
    const [p50, p99, max] = model.loop;
    const [create, write, rename] = model.storage;
    return {
      round: index + 1,
      stored: files,
      failed: 0,
      bytes: files * BODY,
      elapsed,
      starting: 0.1,
      cpuMain: vary((files * model.cpu[0]) / 1e6),
      cpuAll: vary((files * model.cpu[1]) / 1e6) + 0.11,
      peakMemory: Math.round(vary(model.memory, 0.1) * 1e6),
      loopDelay: { p50: vary(p50), p99: vary(p99, 0.4), max: vary(max, 0.9) },
      storeDelay: { p50: vary(model.store[0]), p99: vary(model.store[1], 0.3) },
      storage: { create: vary(create), write: vary(write), rename: vary(rename) },
      network: vary(model.network),
      verdict: model.verdict,
    };
  });
  const over = (of: (run: RunFigures) => number) => spreadOf(runs.map(of));
  const elapsed = over((run) => run.elapsed);
  return {
    strategy: model.strategy,
    files,
    failed: 0,
    filesPerSecond: over((run) => run.stored / run.elapsed),
    bytesPerSecond: over((run) => run.bytes / run.elapsed),
    elapsed,
    cpuMain: over((run) => run.cpuMain!),
    cpuAll: over((run) => run.cpuAll),
    peakMemory: over((run) => run.peakMemory),
    loopDelay: {
      p50: over((run) => run.loopDelay.p50),
      p99: over((run) => run.loopDelay.p99),
      max: over((run) => run.loopDelay.max),
    },
    storeDelay: { p50: over((run) => run.storeDelay!.p50), p99: over((run) => run.storeDelay!.p99) },
    storage: {
      create: over((run) => run.storage!.create),
      write: over((run) => run.storage!.write),
      rename: over((run) => run.storage!.rename),
    },
    network: over((run) => run.network),
    verdict: model.verdict,
    timeline: timelineOf(model, files, elapsed.median, random),
    runs,
  };
}

/** Fetched as fast as the network gives until as many wait as may; then as fast as is stored. */
function timelineOf({ waiting, loop }: Model, files: number, elapsed: number, random: () => number): Timeline {
  const interval = Math.max(10, Math.round((elapsed * 1000) / 100));
  const slots = Math.ceil((elapsed * 1000) / interval);
  const stored: number[] = [];
  const fetched: number[] = [];
  const loopDelay: number[] = [];
  for (let slot = 1; slot <= slots; slot++) {
    const last = stored.at(-1) ?? 0;
    const pace = (files / slots) * (0.7 + 0.6 * random());
    stored.push(slot === slots ? files : Math.min(files, Math.round(last + pace)));
    fetched.push(
      Math.min(files, stored.at(-1)! + Math.round(waiting * Math.min(1, slot / 6) * (0.9 + 0.1 * random()))),
    );
    const [p50, p99, max] = loop;
    loopDelay.push(slot === 7 ? max : p50 + (p99 - p50) * random() ** 2);
  }
  return { interval, fetched, stored, loopDelay };
}

function ratiosOf(strategies: readonly StrategyReport[]): Ratio[] {
  return strategies.flatMap(({ strategy, runs }) =>
    REFERENCES.flatMap((to) => {
      const others = strategies.find((one) => one.strategy === to)?.runs;
      if (strategy === to || others === undefined) return [];
      const rate = (run: RunFigures) => run.stored / run.elapsed;
      return [{ strategy, to, ratio: spreadOf(runs.map((run, index) => rate(run) / rate(others[index]!))) }];
    }),
  );
}

interface Case {
  readonly models: readonly Model[];
  readonly storage: Storage;
  readonly answer: readonly string[];
  readonly noise?: number;
}

function report({ models, storage, answer, noise = 0.08 }: Case, changes: Partial<BenchReport> = {}): BenchReport {
  const random = mulberry32(7);
  const strategies = models.map((model) => strategyReport(model, random, noise));
  return {
    schema: 'sluice-bench/1',
    version: '0.1.0',
    started: '2026-11-21T10:02:11.000Z',
    ended: '2026-11-21T10:05:43.000Z',
    machine: {
      processor: 'AMD EPYC 7B13',
      processors: 2,
      memory: 25_769_803_776,
      system: 'Linux 6.1.0 x64',
      node: '20.20.2',
    },
    storage,
    work: {
      server: { bodies: { kind: 'flags' }, encoding: 'identity', latency: 0, errorRate: 0, bandwidth: 0, seed: 1 },
      list: null,
      imageCheck: 'none',
      setting: { layout: 'flat', requests: 64, workers: 'auto' },
      memory: 268_435_456,
    },
    rounds: ROUNDS,
    strategies,
    ratios: ratiosOf(strategies),
    advice: null,
    doubts: [],
    answer,
    ...changes,
  };
}

const busy = verdict('main thread', 0.93, 'its event loop never rests');

/** All within a factor of two, but for what downloads one after the other. */
export const onMemory = report({
  models: [
    { strategy: 'sequential', files: 3120, cpu: [228, 260], memory: 88, loop: [0.06, 0.31, 2.1], store: [0.09, 0.2], storage: [0.02, 0.03, 0.01], network: 0.21, verdict: verdict('server', 0.61, '1 request waiting for an answer'), waiting: 1 },
    { strategy: 'inline', files: 6240, cpu: [155, 190], memory: 104, loop: [2.4, 9.8, 21], store: [0.11, 0.34], storage: [0.02, 0.04, 0.01], network: 0.44, verdict: busy, waiting: 24 },
    { strategy: 'libuv', files: 4310, cpu: [208, 295], memory: 118, loop: [1.9, 8.1, 17], store: [3.2, 9.6], storage: [0.03, 0.05, 0.02], network: 0.3, verdict: busy, waiting: 51 },
    { strategy: 'threads', files: 7020, cpu: [12, 262], memory: 171, loop: [0.03, 0.4, 6.2], store: [0.2, 1.4], storage: [0.02, 0.05, 0.02], network: 0.49, verdict: verdict('cpu', 0.74, '2 writers busy'), waiting: 40 },
    { strategy: 'pool', files: 8110, cpu: [96, 168], memory: 152, loop: [1.1, 5.2, 14], store: [4.1, 11.8], storage: [0.02, 0.04, 0.01], network: 0.57, verdict: busy, waiting: 160 },
  ],
  storage: { directory: '/dev/shm/bench', fileSystem: 'tmpfs', simulated: null },
  answer: [
    'On this storage the pool of workers downloads 1.30x as many files a second as saving on the main thread.',
    'That is little: the main thread is the bottleneck of both, and the storage hardly takes any time.',
  ],
}); // prettier-ignore

/** From 80 to 14,000 files a second. */
export const onSlowStorage = report(
  {
    models: [
      {
        strategy: 'sequential',
        files: 79.8,
        cpu: [420, 510],
        memory: 79,
        loop: [0.08, 11.4, 24],
        store: [10.3, 11.9],
        storage: [5.1, 5.2, 0.1],
        network: 0.0057,
        verdict: verdict('storage', 0.97, '1 writer making names'),
        waiting: 1,
      },
      {
        strategy: 'inline',
        files: 83.1,
        cpu: [390, 470],
        memory: 96,
        loop: [10.6, 96, 331],
        store: [10.4, 12.8],
        storage: [5.2, 5.2, 0.1],
        network: 0.006,
        verdict: verdict('storage', 0.98, '1 writer making names'),
        waiting: 63,
      },
      {
        strategy: 'libuv',
        files: 176,
        cpu: [310, 420],
        memory: 108,
        loop: [0.09, 0.7, 3.4],
        store: [88, 171],
        storage: [14, 5.3, 4.9],
        network: 0.012,
        verdict: verdict('storage', 0.97, '4 writers making names'),
        waiting: 64,
      },
      {
        strategy: 'threads',
        files: 178,
        cpu: [40, 560],
        memory: 220,
        loop: [0.04, 0.5, 7.9],
        store: [22, 41],
        storage: [17, 5.3, 4.9],
        network: 0.013,
        verdict: verdict('storage', 0.95, '8 writers making names'),
        waiting: 64,
      },
      {
        strategy: 'pool',
        files: 13_940,
        cpu: [71, 142],
        memory: 348,
        loop: [0.7, 4.8, 19],
        store: [310, 870],
        storage: [0.01, 0.06, 0.002],
        network: 0.87,
        verdict: verdict('network', 0.55, '61 bodies coming in'),
        waiting: 21_000,
      },
    ],
    storage: { directory: '/mnt/nas/photos', fileSystem: 'nfs4', simulated: null },
    answer: [
      'On this storage, --layout tar --workers 32 gains 168x over saving on the main thread.',
      'Saving on the main thread blocks the event loop for 10 ms with each file; the network is busy 0.6% of the time.',
      'In one folder the names take their turns: no number of threads brings more than 178 files a second.',
    ],
  },
  {
    advice: {
      seconds: 60,
      tried: [
        { setting: { layout: 'flat', requests: 64, workers: 'auto' }, filesPerSecond: 178.2 },
        { setting: { layout: 'hashed', requests: 64, workers: 'auto' }, filesPerSecond: 1011.5 },
        { setting: { layout: 'hashed', requests: 64, workers: 32 }, filesPerSecond: 2104.8 },
        { setting: { layout: 'tar', requests: 64, workers: 'auto' }, filesPerSecond: 9120.1 },
        { setting: { layout: 'tar', requests: 64, workers: 32 }, filesPerSecond: 13_991.7 },
        { setting: { layout: 'tar', requests: 256, workers: 32 }, filesPerSecond: 13_400.2 },
      ],
      best: { layout: 'tar', requests: 64, workers: 32 },
      flags: '--layout tar --max-requests 64 --workers 32',
      gain: { median: 168.1, least: 155.2, most: 174.9 },
    },
  },
);

/** Pictures are decoded to their pixels. */
export const withDecoding = report(
  {
    models: [
      {
        strategy: 'sequential',
        files: 212,
        cpu: [2100, 4900],
        memory: 131,
        loop: [0.1, 6.2, 14],
        store: [4.4, 7.1],
        storage: [0.03, 0.05, 0.02],
        network: 0.014,
        verdict: verdict('cpu', 0.88, '1 writer busy'),
        waiting: 1,
      },
      {
        strategy: 'inline',
        files: 405,
        cpu: [2400, 4800],
        memory: 166,
        loop: [5.1, 61, 140],
        store: [9.1, 33],
        storage: [0.03, 0.05, 0.02],
        network: 0.028,
        verdict: busy,
        waiting: 63,
      },
      {
        strategy: 'libuv',
        files: 421,
        cpu: [2000, 4700],
        memory: 181,
        loop: [2.2, 18, 44],
        store: [66, 131],
        storage: [0.04, 0.06, 0.02],
        network: 0.03,
        verdict: verdict('cpu', 0.91, '4 writers busy'),
        waiting: 60,
      },
      {
        strategy: 'pool',
        files: 433,
        cpu: [130, 4600],
        memory: 240,
        loop: [0.2, 3.1, 21],
        store: [210, 480],
        storage: [0.03, 0.06, 0.02],
        network: 0.03,
        verdict: verdict('cpu', 0.97, '2 writers busy'),
        waiting: 900,
      },
    ],
    storage: { directory: '/srv/data', fileSystem: 'ext4', simulated: null },
    answer: ['With this decoding the pool gains 1.07x: two processors are the bottleneck, whoever decodes.'],
  },
  {
    advice: {
      seconds: 20,
      tried: [
        { setting: { layout: 'flat', requests: 64, workers: 'auto' }, filesPerSecond: 433 },
        { setting: { layout: 'flat', requests: 16, workers: 'auto' }, filesPerSecond: 431 },
      ],
      best: { layout: 'flat', requests: 64, workers: 'auto' },
      flags: '',
      gain: { median: 1.07, least: 1.02, most: 1.12 },
    },
  },
);

/** Two strategies, of a list of the user's. */
export const ofList = ((): BenchReport => {
  const strategies = onMemory.strategies.filter(({ strategy }) => strategy === 'inline' || strategy === 'pool');
  const work = { ...onMemory.work, server: null, list: 'urls.txt' };
  return { ...onMemory, strategies, ratios: ratiosOf(strategies), work };
})();

/** Nothing that may be unknown is known: nothing was stored, by runs too short for a verdict. */
export const ofUnknowns: BenchReport = {
  ...onMemory,
  storage: { directory: '/tmp/x', fileSystem: null, simulated: null },
  strategies: onMemory.strategies.map((one, index) => ({
    ...one,
    cpuMain: null,
    storeDelay: null,
    storage: null,
    verdict: null,
    loopDelay: { ...one.loopDelay, p50: spreadOf([0]) },
    timeline: index === 0 ? { interval: 10, fetched: [], stored: [], loopDelay: [] } : one.timeline,
  })),
};

/** Of one strategy nothing was stored: rates of 0, and ratios that are no numbers. */
export const ofFailures = ((): BenchReport => {
  const runs = (one: StrategyReport): RunFigures[] => one.runs.map((run) => ({ ...run, stored: 0, failed: one.files }));
  const nothing = spreadOf([0]);
  const strategies = onSlowStorage.strategies.map((one) =>
    one.strategy === 'inline'
      ? {
          ...one,
          failed: ROUNDS * one.files,
          filesPerSecond: nothing,
          bytesPerSecond: nothing,
          storeDelay: null,
          storage: null,
          timeline: { ...one.timeline, stored: one.timeline.stored.map(() => 0) },
          runs: runs(one),
        }
      : one,
  );
  return { ...onSlowStorage, strategies, ratios: ratiosOf(strategies) };
})();

const HOSTILE = `</script><img src=x onerror="alert(1)">&amp;\u001b[31m\u202e'\${1}`;

/** Paths, names and sentences that hold markup and control characters, and do not break by themselves. */
export const ofHostileNames: BenchReport = {
  ...onSlowStorage,
  machine: { ...onSlowStorage.machine, processor: HOSTILE },
  storage: { directory: `/mnt/${'long'.repeat(60)}/${HOSTILE}`, fileSystem: '<b>', simulated: null },
  work: { ...onSlowStorage.work, server: null, list: `/home/me/lists/${'x'.repeat(180)}/${HOSTILE}.txt` },
  answer: [`On ${HOSTILE} it gains 168x.`, ...onSlowStorage.answer.slice(1)],
  doubts: [`the list ${HOSTILE} was read twice`],
};

/** Made slow by waiting, on a machine that did something else besides. */
export const ofSimulation: BenchReport = {
  ...onSlowStorage,
  storage: { directory: '/tmp/bench', fileSystem: 'ext4', simulated: { name: 5, write: 5 } },
  doubts: [
    'the rounds of libuv lie 31% apart: its figures are worth little',
    'something else took 0.8 of 2 processors meanwhile',
    '3 rounds are few: with --rounds 9 the spread would tell more',
  ],
};

export const REPORTS = {
  onMemory,
  onSlowStorage,
  withDecoding,
  ofList,
  ofUnknowns,
  ofFailures,
  ofHostileNames,
  ofSimulation,
};
