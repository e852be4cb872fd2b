/** The one place where rounds decide whether something is faster than something else. */
import { type Spread, widthOf } from './statistics.js';

/** A difference that counts: less is nothing that anybody would notice. */
const NOTICED = 0.05;
/** How far rounds may lie apart, as a share of the median, to say anything of what differs by less. */
export const NOISE = 0.25;

/** `unclear` where rounds contradict each other: nothing is to be claimed then. */
export type Judgement = 'faster' | 'slower' | 'same' | 'unclear';

/** @param ratio how often as fast it is, round by round */
export function judge(ratio: Spread): Judgement {
  const { median, least, most } = ratio;
  if (!Number.isFinite(median)) return 'unclear';
  if (least > 1 && median >= 1 + NOTICED) return 'faster';
  if (most < 1 && median <= 1 - NOTICED) return 'slower';
  return Math.abs(median - 1) < NOTICED && widthOf(ratio) <= NOISE ? 'same' : 'unclear';
}
