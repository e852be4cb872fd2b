/** Bodies for tests, the same in every run. */

import { createCipheriv } from 'node:crypto';

/** Bytes that look random and do not compress: the AES-CTR key stream of the seed. */
export function noise(length: number, seed: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Text that compresses to about a quarter. */
export function text(length: number, seed: number): Buffer {
  const bytes = noise(length, seed);
  for (let i = 0; i < length; i += 1) bytes[i] = 0x61 + (bytes[i]! & 3);
  return bytes;
}

/** Cuts a body into pieces whose sizes go round through `sizes`, as a socket brings it. */
export function cut(body: Uint8Array, ...sizes: number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let from = 0, turn = 0; from < body.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? body.length;
    pieces.push(body.subarray(from, from + size));
    from += size;
  }
  return pieces;
}

/** A whole image of one pixel: GIF89a with a global colour table of two colours. */
export const TINY_GIF = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
