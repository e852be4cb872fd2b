/** Strategies in turn, round after round, so that the machine's good and bad times hit all of them. */
import type { Setting } from './report.js';
import type { Measured, Harness } from './harness.js';
import type { Contender } from './strategies.js';
import { sameSetting } from './text.js';

export interface Entrant {
  readonly contender: Contender;
  readonly setting: Setting;
  readonly files: number;
}

export interface Raced extends Entrant {
  /** By round. */
  readonly runs: readonly Measured[];
}

export async function race(
  rig: Harness,
  entrants: readonly Entrant[],
  rounds: number,
  tell: (round: number, entrant: Entrant) => void,
): Promise<readonly Raced[]> {
  const raced = entrants.map((entrant) => ({ ...entrant, runs: [] as Measured[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const index of order(entrants.length, round)) {
      const { runs, ...entrant } = raced[index] as (typeof raced)[number];
      tell(round + 1, entrant);
      runs.push(await rig.run(entrant.contender, entrant.setting, entrant.files));
    }
  }
  return raced;
}

/** What ran against others: the same strategy with other settings is another one. */
type Ran = Pick<Entrant, 'contender' | 'setting'>;

export function isSame(one: Ran, other: Ran): boolean {
  return one.contender === other.contender && sameSetting(one.setting, other.setting);
}

export function runsOf(raced: readonly Raced[], of: Ran): readonly Measured[] {
  return raced.find((one) => isSame(one, of))?.runs ?? [];
}

/** Each round begins with another one, and every other goes the other way: nobody always follows the same one. */
export function order(count: number, round: number): number[] {
  const turned = Array.from({ length: count }, (_, index) => (index + Math.floor(round / 2)) % count);
  return round % 2 === 0 ? turned : turned.toReversed();
}
