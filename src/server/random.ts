/** Random numbers that a seed repeats. */

/** One more than the largest seed: seeds are whole numbers of 32 bits. */
export const SEEDS = 2 ** 32;

/**
 * Numbers from 0 up to, not including, 1, the same ones for the same seed. The generator is Tommy Ettinger's
 * Mulberry32 (public domain): 32 bits of state, good enough to choose by, of no use for secrets.
 *
 * @param seed a whole number from 0 to 2^32 - 1
 */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
