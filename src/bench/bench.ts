/** `sluice bench`: what handing the writes to an executor gains on a storage. */
import { type DownloadOptions, resolveOptions } from '../options.js';
import { version } from '../version.js';
import { advise } from './advice.js';
import { answerOf } from './answer.js';
import { doubtsOf } from './doubts.js';
import { describeMachine } from './machine.js';
import { type Place, requireRoom } from './place.js';
import type { BenchReport, ServerSettings, Setting, Strategy } from './report.js';
import { STRATEGIES } from './report.js';
import { type Measured, Rig } from './rig.js';
import { type Entrant, race } from './rounds.js';
import { embedded, listed, withSource, type WorkSource } from './source.js';
import type { Contender } from './strategies.js';
import { ratiosOf, summarise } from './summarise.js';

/** Files and bytes of a run at the most, where nothing else is asked for: enough for every strategy to be warm. */
const MOST_FILES = 30_000;
const MOST_BYTES = 2 ** 30;
/** With fewer there is nothing to measure. */
const LEAST_FILES = 2;

export interface BenchOptions {
  readonly directory: string;
  readonly strategies: readonly Strategy[];
  readonly rounds: number;
  /** That each run is to take; strategies that are slow get fewer files. */
  readonly seconds: number;
  /** Of every run; undefined for as many as take `seconds` and have room, up to 30,000. */
  readonly files: number | undefined;
  /** The embedded server, or the path of a list. */
  readonly source: ServerSettings | string;
  /** Of the downloads; the layout is not `tar`. */
  readonly download: DownloadOptions;
  /** Seconds in which the best setting is looked for; 0 not to. */
  readonly adviceSeconds: number;
}

/**
 * Everything that was stored is removed when this settles.
 *
 * @param tell what is being done now
 * @throws UsageError before anything is measured for what cannot be; StorageError
 */
export async function bench(
  options: BenchOptions,
  signal: AbortSignal,
  tell: (what: string) => void,
): Promise<BenchReport> {
  const started = new Date();
  const { memory, layout, maxRequests, workers, imageCheck } = resolveOptions(options.download);
  const asked: Setting = { layout, requests: maxRequests, workers };
  return withSource(
    options.directory,
    (place) => openSource(options, place, signal),
    async (place, source) => {
      const { size = 0 } = source;
      requireRoom(place, options.files ?? LEAST_FILES, size);
      const most = Math.max(LEAST_FILES, Math.min(MOST_FILES, place.roomFor(size), Math.floor(MOST_BYTES / size)));
      const rig = new Rig({
        place,
        source,
        options: options.download,
        files: options.files,
        most: options.files ?? most,
        signal,
      });
      const runs = await measure(rig, asked, options, tell);
      const network = runs.get('network') ?? [];
      const strategies = options.strategies.map((name) => summarise(name, runs.get(name) ?? [], network));
      const advice =
        options.adviceSeconds === 0
          ? null
          : await advise(rig, asked, options.adviceSeconds, options.seconds, (what) => tell(`advice: ${what}`));
      const measured = {
        machine: describeMachine(),
        storage: {
          directory: place.directory,
          fileSystem: place.fileSystem,
          simulated: options.download.simulatedLatency ?? null,
        },
        rounds: options.rounds,
        strategies,
        ratios: ratiosOf(strategies),
        advice,
      };
      const doubts = doubtsOf(measured, runs, place.sweeps);
      return {
        schema: 'sluice-bench/1',
        version,
        started: started.toISOString(),
        ended: new Date().toISOString(),
        work: {
          server: typeof options.source === 'string' ? null : options.source,
          list: typeof options.source === 'string' ? options.source : null,
          imageCheck,
          setting: asked,
          memory,
        },
        ...measured,
        doubts,
        answer: answerOf({ ...measured, doubts }),
      };
    },
    () => tell('removing what was stored; Ctrl-C again leaves it there'),
  );
}

async function openSource(
  { source, files = MOST_FILES, download }: BenchOptions,
  place: Place,
  signal: AbortSignal,
): Promise<WorkSource> {
  return typeof source === 'string' ? listed(source, files, await place.fresh(signal), download) : embedded(source);
}

async function measure(
  rig: Rig,
  asked: Setting,
  { strategies, rounds, seconds }: BenchOptions,
  tell: (what: string) => void,
): Promise<ReadonlyMap<Contender, readonly Measured[]>> {
  const contenders: Contender[] = ['network', ...STRATEGIES.filter((name) => strategies.includes(name))];
  const entrants: Entrant[] = [];
  for (const contender of contenders) {
    tell(`how many files: ${contender}`);
    const { files } = await rig.size(contender, asked, seconds);
    entrants.push({ contender, setting: asked, files });
  }
  const runs = await race(rig, entrants, rounds, (round, { contender, files }) =>
    tell(`round ${round} of ${rounds}: ${contender}, ${files} files`),
  );
  return new Map(contenders.map((contender, index) => [contender, runs[index] ?? []]));
}
