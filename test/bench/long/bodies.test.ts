import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { type Body, bodyName, makeBodies, parseBodies } from '../../../src/bench/bodies.js';
import { type Bodies, type Encoding, ENCODINGS, type ServerSettings } from '../../../src/bench/report.js';
import { checkServerSettings } from '../../../src/bench/server/settings.js';
import { UsageError } from '../../../src/errors.js';
import { ALL_CODES } from '../../../src/flags/codes.js';
import { FLAGS_DIRECTORY } from '../../../src/server/files.js';

const SETTINGS: ServerSettings = {
  bodies: { kind: 'flags' },
  encoding: 'identity',
  latency: 0,
  errorRate: 0,
  bandwidth: 0,
  seed: 1,
};
const DECODE: Readonly<Record<Encoding, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** The bodies of the first items, as they are after decoding. */
async function decoded(settings: Partial<ServerSettings>, count: number): Promise<Buffer[]> {
  return (await made(settings, count)).map((body) => DECODE[settings.encoding ?? 'identity'](body.whole()));
}

async function made(settings: Partial<ServerSettings>, count: number): Promise<Body[]> {
  const all = { ...SETTINGS, ...settings };
  const bodyOf = await makeBodies(all);
  return Array.from({ length: count }, (_, index) => {
    const body = bodyOf(`/${bodyName(all.bodies, index)}`);
    assert.ok(body !== undefined, String(index));
    assert.match(body.head.toString('latin1'), new RegExp(`content-length: ${body.size}\r\n`));
    return body;
  });
}

function different(bodies: readonly Buffer[]): number {
  return new Set(bodies.map((body) => body.toString('latin1'))).size;
}

describe('what --body-size says', () => {
  const RIGHT: readonly (readonly [string, Bodies])[] = [
    ['flags', { kind: 'flags' }],
    ['64KiB', { kind: 'fixed', size: 65_536 }],
    ['1', { kind: 'fixed', size: 1 }],
    ['1KB..1.5MiB', { kind: 'range', least: 1000, most: 1_572_864 }],
    ['5..5', { kind: 'range', least: 5, most: 5 }],
    ['1TiB', { kind: 'fixed', size: 2 ** 40 }],
  ];
  for (const [said, bodies] of RIGHT) {
    test(`${said} is understood`, () => assert.deepEqual(parseBodies(said), bodies));
  }

  for (const said of ['', 'flag', '0', '1..', '..1', '1..2..3', '2..1', '-1', '2TiB', '1KiB..2TiB', '1...2', 'NaN']) {
    test(`${JSON.stringify(said)} is refused by the option's name`, () => {
      assert.throws(
        () => parseBodies(said),
        (error) => error instanceof UsageError && error.message.startsWith('--body-size '),
      );
    });
  }
});

describe('settings out of bounds are refused by the name of the option', () => {
  const WRONG: readonly (readonly [RegExp, Partial<ServerSettings>])[] = [
    [/^--latency -1 /, { latency: -1 }],
    [/^--latency 60001 /, { latency: 60_001 }],
    [/^--latency NaN /, { latency: NaN }],
    [/^--error-rate 1 /, { errorRate: 1 }],
    [/^--error-rate -0.1 /, { errorRate: -0.1 }],
    [/^--bandwidth -5 /, { bandwidth: -5 }],
    [/^--bandwidth 0.5 /, { bandwidth: 0.5 }],
    [/^--content-encoding zstd /, { encoding: 'zstd' as Encoding }],
    [/^--seed 4294967296 /, { seed: 2 ** 32 }],
    [/^--body-size 16777217 .* gzip/, { encoding: 'gzip', bodies: { kind: 'fixed', size: 2 ** 24 + 1 } }],
    [/^--body-size 2\.\.1 /, { bodies: { kind: 'range', least: 2, most: 1 } }],
    [/^--body-size 0\.5 /, { bodies: { kind: 'range', least: 0.5, most: 1 } }],
  ];
  for (const [message, settings] of WRONG) {
    test(message.source, () => {
      assert.throws(
        () => checkServerSettings({ ...SETTINGS, ...settings }),
        (error) => error instanceof UsageError && message.test(error.message) && error.hint !== '',
      );
    });
  }

  test('the bounds themselves are not', () => {
    checkServerSettings({ ...SETTINGS, latency: 60_000, errorRate: 0.999, seed: 2 ** 32 - 1, bandwidth: 1 });
    checkServerSettings({ ...SETTINGS, encoding: 'br', bodies: { kind: 'fixed', size: 2 ** 24 } });
  });
});

for (const encoding of ENCODINGS) {
  describe(`with the encoding ${encoding}`, () => {
    test('flags are those of the build, all of them, and then from the start', async () => {
      const bodies = await decoded({ encoding }, 196);
      for (const [index, body] of bodies.entries()) {
        const cc = ALL_CODES[index % 194]?.toLowerCase() ?? '';
        assert.ok(body.equals(readFileSync(join(FLAGS_DIRECTORY, cc, `${cc}.gif`))), `${index} ${cc}`);
      }
    });

    test('bodies of one size have it, and are not alike', async () => {
      const bodies = await decoded({ encoding, bodies: { kind: 'fixed', size: 5000 } }, 256);
      assert.deepEqual([...new Set(bodies.map(({ length }) => length))], [5000]);
      assert.equal(different(bodies), 256);
    });

    test('sizes of a range stay in it, as many of each order of magnitude', async () => {
      const bodies = await decoded({ encoding, bodies: { kind: 'range', least: 10, most: 100_000 } }, 200);
      for (const from of [10, 100, 1000, 10_000]) {
        const found = bodies.filter(({ length }) => length >= from && length < 10 * from).length;
        assert.ok(found >= 48 && found <= 52, `${found} of ${from} to ${10 * from}`);
      }
      // Those of some bytes are alike by chance where they are text.
      assert.ok(different(bodies) > 180, String(different(bodies)));
    });
  });
}

test('text is compressed as pages are, and noise is not', async () => {
  const bodies: Bodies = { kind: 'fixed', size: 8192 };
  for (const encoding of ENCODINGS) {
    const [body] = await made({ encoding, bodies }, 1);
    const ratio: number = 8192 / (body?.size ?? 0);
    if (encoding === 'identity') assert.equal(ratio, 1);
    else assert.ok(ratio > 2.5 && ratio < 5, `${encoding} ${ratio}`);
  }
  const [plain] = await decoded({ bodies }, 1);
  assert.ok(plain !== undefined);
  assert.ok(gzipSync(plain).length >= plain.length);
});

test('the seed decides sizes and contents', async () => {
  const bodies: Bodies = { kind: 'range', least: 1000, most: 50_000 };
  const [one, again, other] = [
    await decoded({ bodies, seed: 1 }, 20),
    await decoded({ bodies, seed: 1 }, 20),
    await decoded({ bodies, seed: 2 }, 20),
  ];
  assert.deepEqual(one, again);
  assert.notDeepEqual(
    one.map(({ length }) => length),
    other.map(({ length }) => length),
  );
});

test('large bodies share their memory, and pieces of them make up the whole', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const bodies = await made({ bodies: { kind: 'fixed', size: 40_000_001 } }, 256);
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20);
  const body = bodies[100];
  assert.ok(body !== undefined && body.joined === undefined);
  const whole = body.whole();
  assert.equal(whole.length, 40_000_001);
  for (const at of [0, 1, 7_000_000, 16_777_212, 16_777_213, 33_000_000, 40_000_000]) {
    const piece = body.piece(at, 1000);
    assert.ok(piece.length > 0 && piece.length <= 1000 && piece.equals(whole.subarray(at, at + piece.length)), `${at}`);
  }
  assert.equal(body.piece(40_000_000).length, 1);
});

test('tags tell bodies and encodings apart', async () => {
  const tags = new Set<string>();
  for (const encoding of ENCODINGS) {
    for (const body of await made({ encoding }, 194)) {
      tags.add(/^etag: (".+")\r$/m.exec(body.head.toString('latin1'))?.[1] ?? '');
    }
  }
  assert.equal(tags.size, 4 * 194);
});

test('other paths have no body', async () => {
  const bodyOf = await makeBodies(SETTINGS);
  assert.ok(bodyOf('/000001.gif'));
  for (const path of [
    '/',
    '/1.gif',
    '/000001.bin',
    '/000001.gif/',
    '/00000x.gif',
    '//000001.gif',
    '/-00001.gif',
    '*',
  ]) {
    assert.equal(bodyOf(path), undefined, path);
  }
});
