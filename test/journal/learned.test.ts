/** What a run learned of an item is read back as it was written, whatever it is. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CHECKSUM_ALGORITHMS } from '../../src/item.js';
import { type Learned, learnedSize, readLearned, readSame, writeLearned } from '../../src/journal/learned.js';

const TIMES = { asked: 5000, answered: 6000, fetched: undefined, stored: 6000 };
const header = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((unit) => String.fromCharCode(unit)) });
const delay = fc.option(fc.nat(), { nil: undefined });
const pixels = fc.nat(65_535);
const image = fc.record(
  {
    made: fc.boolean(),
    format: fc.constantFrom('jpeg', 'png'),
    width: pixels,
    height: pixels,
    originalWidth: pixels,
    originalHeight: pixels,
    exif: fc.string({ unit: 'grapheme' }),
  },
  { noNullPrototype: true },
);
const learned: fc.Arbitrary<Learned> = fc
  .record({
    answer: fc.option(
      fc.record(
        {
          status: fc.integer({ min: 200, max: 599 }),
          url: fc.webUrl().map((url) => new URL(url).href),
          contentType: header,
          etag: header,
          lastModified: header,
        },
        { noNullPrototype: true },
      ),
      { nil: undefined },
    ),
    asked: fc.integer({ min: 0, max: 2 ** 45 }),
    answered: delay,
    fetched: delay,
    stored: delay,
    tries: fc.integer({ min: 1, max: 255 }),
    checksum: fc.option(
      fc.constantFrom(...CHECKSUM_ALGORITHMS).map((algorithm) => ({
        algorithm,
        hex: createHash(algorithm).update('a').digest('hex'),
      })),
      { nil: undefined },
    ),
    image: fc.option(image, { nil: undefined }),
    same: fc.option(
      fc.record(
        { name: fc.string({ unit: 'grapheme', minLength: 1 }), linked: fc.boolean() },
        { noNullPrototype: true },
      ),
      { nil: undefined },
    ),
  })
  .map(({ answer, asked, answered, fetched, stored, tries, checksum, image: facts, same }) => {
    const at = (after: number | undefined): number | undefined => (after === undefined ? undefined : asked + after);
    return {
      answer,
      times: { asked, answered: at(answered), fetched: at(fetched), stored: at(stored) },
      tries,
      checksum,
      ...(facts && { image: facts }),
      ...(same && { same }),
    };
  });

test('what was learned of an item is read back as it was written, wherever it lies', () => {
  fc.assert(
    fc.property(learned, fc.nat(100), fc.boolean(), (value, from, isOwn) => {
      const url = isOwn && value.answer !== undefined ? value.answer.url : 'http://localhost/own';
      const bytes = Buffer.alloc(from + learnedSize(value));
      const end = writeLearned(bytes, from, { ...value, url });
      assert.ok(end <= bytes.length);
      assert.deepEqual(readLearned(bytes, from, end, url), value);
      assert.deepEqual(readSame(bytes, from, end), value.same);
    }),
  );
});

test('a header longer than 1,000 bytes is kept up to there, and a clock that was set back tells nothing', () => {
  const answer = { status: 200, url: '', contentType: 'a'.repeat(70_000), etag: '"b"', lastModified: '' };
  const value = {
    answer,
    times: { asked: 5000, answered: 1000, fetched: undefined, stored: 6000 },
    tries: 300,
    checksum: undefined,
  };
  const bytes = Buffer.alloc(learnedSize(value));
  const end = writeLearned(bytes, 0, { ...value, url: 'http://localhost/' });
  assert.deepEqual(readLearned(bytes, 0, end, ''), {
    answer: { ...answer, contentType: 'a'.repeat(1000) },
    times: { ...value.times, answered: 5000 },
    tries: 255,
    checksum: undefined,
  });
});

test('what is known of an image is written by itself, as builds before this one have it', () => {
  fc.assert(
    fc.property(image, (facts) => {
      const value = { answer: undefined, times: TIMES, tries: 1, checksum: undefined, image: facts };
      const bytes = Buffer.alloc(learnedSize(value));
      const end = writeLearned(bytes, 0, { ...value, url: 'http://localhost/' });
      const text = JSON.stringify(facts);
      assert.equal(bytes.toString('utf8', end - Buffer.byteLength(text), end), text);
      assert.deepEqual(readLearned(bytes, 0, end, ''), value);
    }),
  );
});

test('what is known of an image follows, whether there is a checksum or none', () => {
  const image = {
    made: true,
    format: 'jpeg',
    width: 1,
    height: 2,
    originalWidth: 3,
    originalHeight: 4,
    exif: '{"Make":"Ångström"}',
  };
  const times = TIMES;
  for (const checksum of [undefined, { algorithm: 'md5', hex: '0123456789abcdef0123456789abcdef' } as const]) {
    const value = { answer: undefined, times, tries: 1, checksum, image };
    const bytes = Buffer.alloc(learnedSize(value) + 9, 0x7b);
    const end = writeLearned(bytes, 0, { ...value, url: 'http://localhost/' });
    assert.deepEqual(readLearned(bytes, 0, end, ''), value);
  }
});
