/** Strategies in turn, round after round, so that the machine's good and bad times hit all of them. */
import type { Setting } from './report.js';
import type { Measured, Rig } from './rig.js';
import type { Contender } from './strategies.js';

export interface Entrant {
  readonly contender: Contender;
  readonly setting: Setting;
  readonly files: number;
}

/** @returns the runs of each entrant, by round */
export async function race(
  rig: Rig,
  entrants: readonly Entrant[],
  rounds: number,
  tell: (round: number, entrant: Entrant) => void,
): Promise<readonly (readonly Measured[])[]> {
  const runs = entrants.map((): Measured[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const index of order(entrants.length, round)) {
      const entrant = entrants[index] as Entrant;
      tell(round + 1, entrant);
      runs[index]?.push(await rig.run(entrant.contender, entrant.setting, entrant.files));
    }
  }
  return runs;
}

/** Each round begins with another one, and every other goes the other way: nobody always follows the same one. */
export function order(count: number, round: number): number[] {
  const turned = Array.from({ length: count }, (_, index) => (index + Math.floor(round / 2)) % count);
  return round % 2 === 0 ? turned : turned.toReversed();
}
