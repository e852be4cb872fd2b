/** Finds the setting that is fastest here by trying, within a set time, one thing after the other. */
import { availableParallelism } from 'node:os';
import type { Advice, Setting } from './report.js';
import type { Harness } from './harness.js';
import { type Entrant, type Raced, runsOf } from './rounds.js';
import { ratioOf } from './summarise.js';
import { DEFAULTS, flagsOf, sameSetting } from './text.js';
import { isInShards } from '../protocol/layouts.js';

/** A setting is better when it is by so much: less may be chance, and the simpler one wins. */
const BETTER = 1.1;
/** Share of the time after which nothing more is tried: the rest is for its part of the rounds. */
const TRYING = 0.6;
/** Requests at once that are tried, as factors. */
const STEPS = [4, 16, 1 / 4] as const;
const MOST_REQUESTS = 1024;

interface Try {
  readonly setting: Setting;
  readonly filesPerSecond: number;
  readonly files: number;
}

/** What seems to be the fastest. What it gains is for the rounds to say: no single run proves anything. */
export interface Candidate {
  readonly tried: Advice['tried'];
  readonly best: Entrant;
  /** Of saving on the main thread, which it is compared with: as many requests at once. */
  readonly plain: Setting;
}

/**
 * @param asked the setting that the strategies have
 * @param seconds in all
 * @param runSeconds that a run is to take
 */
export async function findCandidate(
  rig: Harness,
  asked: Setting,
  seconds: number,
  runSeconds: number,
  tell: (what: string) => void,
): Promise<Candidate> {
  const deadline = performance.now() + 1000 * TRYING * seconds;
  const tried: Try[] = [];
  const attempt = async (setting: Setting): Promise<Try> => {
    tell(`trying ${flagsOf(setting)}`);
    const { files, result } = await rig.size('pool', setting, runSeconds);
    const made = { setting, filesPerSecond: result.stored / result.elapsed, files };
    tried.push(made);
    return made;
  };
  let best = await attempt(asked);
  for (const change of changes(asked)) {
    if (performance.now() > deadline) break;
    const setting = change(best.setting);
    if (setting === undefined || tried.some((made) => sameSetting(made.setting, setting))) continue;
    const made = await attempt(setting);
    if (made.filesPerSecond <= BETTER * best.filesPerSecond) continue;
    // The machine may have got faster since: the two are compared side by side.
    const { result } = await rig.run('pool', best.setting, best.files);
    const again = result.stored / result.elapsed;
    best = made.filesPerSecond > BETTER * again ? made : { ...best, filesPerSecond: again };
  }
  return {
    tried: tried.map(({ setting, filesPerSecond }) => ({ setting, filesPerSecond })),
    best: { contender: 'pool', setting: best.setting, files: best.files },
    plain: { ...asked, requests: best.setting.requests },
  };
}

/**
 * @param raced rounds of which both the best and saving on the main thread were part
 * @param seconds that it was given
 */
export function adviceOf({ tried, best, plain }: Candidate, raced: readonly Raced[], seconds: number): Advice {
  const [mine, other] = [best, { contender: 'inline', setting: plain } as const].map((entrant) =>
    runsOf(raced, entrant).map(({ result }) => result),
  );
  return {
    seconds,
    tried,
    best: best.setting,
    flags: flagsOf(best.setting, DEFAULTS),
    gain: ratioOf(mine ?? [], other ?? []),
  };
}

/** Layouts first: on slow storage they bring the most. Each begins from the best so far. */
function changes(asked: Setting): ((best: Setting) => Setting | undefined)[] {
  const layouts = (['hashed', 'tar', 'flat'] as const).filter((layout) => layout !== asked.layout);
  const workers = [2, 8, 24, 64].filter((count) => count !== availableParallelism());
  return [
    ...layouts.map((layout) => (best: Setting) => ({ ...best, layout })),
    ...STEPS.map((step) => (best: Setting) => {
      const requests = Math.round(asked.requests * step);
      return requests < 1 || requests > MOST_REQUESTS ? undefined : { ...best, requests };
    }),
    // One thread writes shards, however many there are.
    ...workers.map((count) => (best: Setting) => (isInShards(best.layout) ? undefined : { ...best, workers: count })),
  ];
}
