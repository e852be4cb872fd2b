/** Which commands take an option that another one does not know. */
import type { Command } from './command.js';

/** @param given as it was given: `--rate=5`, `-m5` @returns such as `sluice get and retry take it`; undefined for none */
export function takenBy(given: string, commands: readonly Command[]): string | undefined {
  const wanted = given.startsWith('--') ? given.replace(/=.*$/s, '') : given.slice(0, 2);
  const names = commands.filter(({ flags }) => flags.some(({ flag }) => spellings(flag).includes(wanted)));
  const [last, ...others] = names.map(({ name }) => name).toReversed();
  if (last === undefined) return undefined;
  return others.length === 0
    ? `sluice ${last} takes it`
    : `sluice ${others.toReversed().join(', ')} and ${last} take it`;
}

/** `-m` and `--max-requests` of `-m, --max-requests <N>`. */
function spellings(flag: string): readonly string[] {
  return flag.split(/[ ,]+/).filter((part) => part.startsWith('-'));
}
