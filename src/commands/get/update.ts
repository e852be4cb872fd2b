/** What other programs call asking for what has changed. */
import type { Flag, Values } from '../../options/flags.js';

/** As `aria2` and `wget` have them. */
export const UPDATE_FLAGS: readonly Flag[] = [
  { flag: '--conditional-get', help: 'what aria2 calls --update', hidden: true },
  { flag: '-N, --timestamping', help: 'what wget calls --update', hidden: true },
];

export function updateOf(values: Values): { readonly update?: boolean } {
  return values['conditionalGet'] === true || values['timestamping'] === true ? { update: true } : {};
}
