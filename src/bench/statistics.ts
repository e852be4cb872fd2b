/** The arithmetic of repeated measurements. */

/** What rounds gave. With few of them the extremes tell more honestly than a deviation how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The middle of an odd number of values, halfway between the two in the middle of an even one; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** How far the extremes lie apart, as a share of the median. */
export function widthOf({ median: middle, least, most }: Spread): number {
  return middle === 0 ? 0 : (most - least) / middle;
}
