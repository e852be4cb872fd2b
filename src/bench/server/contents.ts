/** What bodies consist of. Both kinds are cut from one buffer, whose length is a prime so that no two begin alike. */
import { createCipheriv } from 'node:crypto';
import { mulberry32 } from '../../server/random.js';

/** Bytes, a prime. */
const NOISE = 16_777_213;
/** Bytes, a prime; further apart than gzip and brotli (quality 5) look back. */
const TEXT = 4_194_301;

/** Cannot be compressed. At most as much as is needed. */
export function noise(needed: number, seed: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(Math.min(needed, NOISE)));
}

/** Different words: so few that gzip gets it to a quarter, as it does text on the web. */
const WORDS = 150;
const LETTERS = 'etaoinshrdlucmfwypvbgk';

/** Words as often as in a language (Zipf), in lines. At most as much as is needed. */
export function text(needed: number, seed: number): Buffer {
  const random = mulberry32(seed);
  const words = Array.from({ length: WORDS }, () =>
    Array.from(
      { length: 2 + Math.floor(8 * random()) },
      () => LETTERS[Math.floor(LETTERS.length * random() ** 2)],
    ).join(''),
  );
  const size = Math.min(needed, TEXT);
  const parts: string[] = [];
  for (let length = 0, line = 0; length < size;) {
    const word = words[Math.floor(WORDS ** random()) - 1] ?? '';
    const end = line > 70 ? '\n' : ' ';
    parts.push(word, end);
    length += word.length + 1;
    line = end === '\n' ? 0 : line + word.length + 1;
  }
  return Buffer.from(parts.join('').slice(0, size), 'latin1');
}
