/** `sluice bench`: what handing the writes to an executor gains on a storage. */
import { UsageError } from '../errors.js';
import { type DownloadOptions, resolveOptions } from '../options/resolve.js';
import { version } from '../shared/version.js';
import { adviceOf, type Candidate, findCandidate } from './advice.js';
import { answerOf } from './answer.js';
import { doubtsOf } from './doubts.js';
import { describeMachine } from './machine.js';
import { type Place, requireRoom } from './place.js';
import type { BenchReport, ServerSettings, Setting, Strategy } from './report.js';
import { STRATEGIES } from './report.js';
import { Harness } from './harness.js';
import { type Entrant, isSame, race, type Raced, runsOf } from './rounds.js';
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
  if (maxRequests === 'auto') {
    throw new UsageError('--max-requests auto does not go with sluice bench', 'give the number that is to be measured');
  }
  const asked: Setting = { layout, requests: maxRequests, workers };
  return withSource(
    options.directory,
    signal,
    (place) => openSource(options, place, signal),
    async (place, source) => {
      const { size = 0 } = source;
      requireRoom(place, options.files ?? LEAST_FILES, size);
      const most = Math.max(LEAST_FILES, Math.min(MOST_FILES, place.roomFor(size), Math.floor(MOST_BYTES / size)));
      const rig = new Harness({
        place,
        source,
        options: options.download,
        files: options.files,
        most: options.files ?? most,
        signal,
      });
      const { raced, candidate } = await measure(rig, asked, options, tell);
      const of = (contender: Contender) => runsOf(raced, { contender, setting: asked });
      const strategies = options.strategies.map((name) => summarise(name, of(name), of('network')));
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
        advice: candidate === undefined ? null : adviceOf(candidate, raced, options.adviceSeconds),
        work: {
          server: typeof options.source === 'string' ? null : options.source,
          list: typeof options.source === 'string' ? options.source : null,
          imageCheck,
          setting: asked,
          memory,
        },
      };
      const doubts = doubtsOf(measured, raced, place.sweeps);
      return {
        schema: 'sluice-bench/1',
        version,
        started: started.toISOString(),
        ended: new Date().toISOString(),
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
  return typeof source === 'string'
    ? listed(source, files, await place.fresh(signal), { ...download, signal })
    : embedded(source);
}

interface Measurement {
  readonly raced: readonly Raced[];
  /** Undefined where no advice was asked for. */
  readonly candidate: Candidate | undefined;
}

/** What seems to be the best runs in the same rounds as the strategies: all that is said of them is of one measurement. */
async function measure(
  rig: Harness,
  asked: Setting,
  { strategies, rounds, seconds, adviceSeconds }: BenchOptions,
  tell: (what: string) => void,
): Promise<Measurement> {
  const entrants: Entrant[] = [];
  const enter = async (contender: Contender, setting: Setting): Promise<void> => {
    if (entrants.some((entrant) => isSame(entrant, { contender, setting }))) return;
    tell(`how many files: ${contender}`);
    const { files } = await rig.size(contender, setting, seconds);
    entrants.push({ contender, setting, files });
  };
  await enter('network', asked);
  for (const name of STRATEGIES) if (strategies.includes(name)) await enter(name, asked);
  let candidate: Candidate | undefined;
  if (adviceSeconds > 0) {
    candidate = await findCandidate(rig, asked, adviceSeconds, seconds, (what) => tell(`advice: ${what}`));
    const { best, plain } = candidate;
    if (!entrants.some((entrant) => isSame(entrant, best))) entrants.push(best);
    await enter('inline', plain);
  }
  const raced = await race(rig, entrants, rounds, (round, { contender, files }) =>
    tell(`round ${round} of ${rounds}: ${contender}, ${files} files`),
  );
  return { raced, candidate };
}
