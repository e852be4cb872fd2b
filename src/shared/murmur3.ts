/** The hash by which URLs and names are known again. */

import type { CodeUnits } from './code-units.js';

/** 128 bits. Not for secrets. */
export type Hash = Uint32Array;

/**
 * MurmurHash3_x86_128 (Austin Appleby, public domain) with seed 0 of the UTF-16 code units in little-endian order, into
 * the four words of `out`. The same on every machine and in every version, since names hold it.
 */
export function murmur3({ units, length }: CodeUnits, out: Hash): void {
  const blocks = length - (length % 8);
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  for (let at = 0; at < blocks; at += 8) {
    h1 = rotate(h1 ^ mix(pair(units, at), 0x239b961b, 15, 0xab0e9789), 19) + h2;
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0;
    h2 = rotate(h2 ^ mix(pair(units, at + 2), 0xab0e9789, 16, 0x38b34ae5), 17) + h3;
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0;
    h3 = rotate(h3 ^ mix(pair(units, at + 4), 0x38b34ae5, 17, 0xa1e38b93), 15) + h4;
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0;
    h4 = rotate(h4 ^ mix(pair(units, at + 6), 0xa1e38b93, 18, 0x239b961b), 13) + h1;
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0;
  }
  // Zeros follow the text, and mix(0, ...) is 0.
  const bytes = length * 2;
  h1 ^= mix(pair(units, blocks), 0x239b961b, 15, 0xab0e9789) ^ bytes;
  h2 ^= mix(pair(units, blocks + 2), 0xab0e9789, 16, 0x38b34ae5) ^ bytes;
  h3 ^= mix(pair(units, blocks + 4), 0x38b34ae5, 17, 0xa1e38b93) ^ bytes;
  h4 ^= mix(pair(units, blocks + 6), 0xa1e38b93, 18, 0x239b961b) ^ bytes;

  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = avalanche(h2 + h1);
  h3 = avalanche(h3 + h1);
  h4 = avalanche(h4 + h1);
  h1 = (avalanche(h1) + h2 + h3 + h4) | 0;
  out[0] = h1;
  out[1] = h2 + h1;
  out[2] = h3 + h1;
  out[3] = h4 + h1;
}

function pair(units: Uint16Array, at: number): number {
  return units[at]! | (units[at + 1]! << 16);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function mix(word: number, before: number, bits: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), bits), after);
}

function avalanche(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
