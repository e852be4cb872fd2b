/** What other programs call asking for what has changed, and giving files their servers' time. */
import type { Flag, Values } from '../../options/flags.js';

interface Alias extends Flag {
  /** What the flag is called among the values. */
  readonly value: string;
  readonly means: { readonly update?: true; readonly mtime?: true };
}

/** As `aria2`, `wget` and `curl` have them. */
const ALIASES: readonly Alias[] = [
  { flag: '--conditional-get', value: 'conditionalGet', means: { update: true }, help: '' },
  { flag: '-N, --timestamping', value: 'timestamping', means: { update: true, mtime: true }, help: '' },
  { flag: '-R, --remote-time', value: 'remoteTime', means: { mtime: true }, help: '' },
];

export const UPDATE_FLAGS: readonly Flag[] = ALIASES.map(({ flag, help }) => ({ flag, help, hidden: true }));

/** What the aliases say. */
export function updateOf(values: Values): Alias['means'] {
  const given = ALIASES.filter(({ value }) => values[value] === true);
  return Object.assign({}, ...given.map(({ means }) => means)) as Alias['means'];
}
