/** Finds the setting that is fastest here by trying, within a set time, one thing after the other. */
import { availableParallelism } from 'node:os';
import type { Advice, Setting } from './report.js';
import type { Rig } from './rig.js';
import { race } from './rounds.js';
import { ratioOf } from './summarise.js';
import { DEFAULTS, flagsOf } from './text.js';

/** A setting is better when it is by so much: less may be chance, and the simpler one wins. */
const BETTER = 1.1;
/** Share of the time after which nothing more is tried: the rest is for the pairs. */
const TRYING = 0.6;
/** Pairs of runs that prove what is gained. */
const PAIRS = 3;
/** Requests at once that are tried, as factors. */
const STEPS = [4, 16, 1 / 4] as const;
const MOST_REQUESTS = 1024;

interface Try {
  readonly setting: Setting;
  readonly filesPerSecond: number;
  readonly files: number;
}

/**
 * @param asked the setting that the strategies had
 * @param seconds in all
 * @param runSeconds that a run of a pair is to take
 */
export async function advise(
  rig: Rig,
  asked: Setting,
  seconds: number,
  runSeconds: number,
  tell: (what: string) => void,
): Promise<Advice> {
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
  const plain: Setting = { ...asked, requests: best.setting.requests, workers: 'auto' };
  tell('comparing the best with saving on the main thread');
  const { files } = await rig.size('inline', plain, runSeconds);
  const entrants = [
    { contender: 'pool', setting: best.setting, files: best.files },
    { contender: 'inline', setting: plain, files },
  ] as const;
  const [mine = [], other = []] = await race(rig, entrants, PAIRS, () => undefined);
  return {
    seconds,
    tried: tried.map(({ setting, filesPerSecond }) => ({ setting, filesPerSecond })),
    best: best.setting,
    flags: flagsOf(best.setting, DEFAULTS),
    gain: ratioOf(
      mine.map(({ result }) => result),
      other.map(({ result }) => result),
    ),
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
    ...workers.map((count) => (best: Setting) => (best.layout === 'tar' ? undefined : { ...best, workers: count })),
  ];
}

function sameSetting(one: Setting, other: Setting): boolean {
  return one.layout === other.layout && one.requests === other.requests && one.workers === other.workers;
}
