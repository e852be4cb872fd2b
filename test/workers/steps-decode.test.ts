import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';

import * as fc from 'fast-check';

import { SluiceError, type ErrorCode } from '../../src/errors.js';
import { createDecoder, decode, decodeAsync } from '../../workers/steps/decode.js';

const MIB = 1024 * 1024;

const TEXT = Buffer.from('the network never waits for the disk, and nothing is lost\n'.repeat(40));

const ENCODERS = {
  gzip: zlib.gzipSync,
  'x-gzip': zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: (data: Uint8Array) => zlib.brotliCompressSync(data, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
};
type Name = keyof typeof ENCODERS;
const NAMES = Object.keys(ENCODERS) as Name[];

/** `printf TEXT | zstd`: Node compresses so only from 22.15 on. */
const ZSTD = Buffer.from(
  '28b52ffd04581d0200a403746865206e6574776f726b206e6576657220776169747320666f7220746865206469736b2c20616e64206e6f7468696e67206973206c6f73740a01003a8dee2b2812c7e59b',
  'hex',
);

/** A body in each coding, and in bare deflate, which goes by the same name. */
const BODIES: readonly (readonly [string, Uint8Array])[] = [
  ...NAMES.map((name) => [name, ENCODERS[name](TEXT)] as const),
  ['deflate', zlib.deflateRawSync(TEXT)],
  ['zstd', ZSTD],
];

function inChunks(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

async function decodeStream(body: Uint8Array, coding: string, chunkSize = 7): Promise<Uint8Array> {
  const [first, ...rest] = createDecoder(coding);
  const source = Readable.from(inChunks(body, chunkSize));
  if (first === undefined) return buffer(source);
  let decoded = Buffer.alloc(0);
  const sink = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      decoded = Buffer.concat([decoded, chunk]);
      done();
    },
  });
  await pipeline([source, first, ...rest, sink]);
  return decoded;
}

/** The three ways of decoding, which have to agree. */
const WAYS: Record<string, (body: Uint8Array, coding: string) => Promise<Uint8Array>> = {
  decode: async (body, coding) => decode(body, coding, MIB),
  decodeAsync: (body, coding) => decodeAsync(body, coding, MIB),
  createDecoder: decodeStream,
};

function isError(code: ErrorCode, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.notEqual(error.hint, '');
    return true;
  };
}

for (const [way, run] of Object.entries(WAYS)) {
  describe(way, () => {
    it('undoes every coding', async () => {
      for (const [name, body] of BODIES) assert.deepEqual(Buffer.from(await run(body, name)), TEXT, name);
    });

    it('takes names in any case, with blanks, and skips identity and empty elements', async () => {
      assert.deepEqual(Buffer.from(await run(zlib.gzipSync(TEXT), ' , Identity,\tGZip ,')), TEXT);
    });

    it('undoes two codings, the last one first', async () => {
      const body = zlib.brotliCompressSync(zlib.gzipSync(TEXT));
      assert.deepEqual(Buffer.from(await run(body, 'gzip, br')), TEXT);
      await assert.rejects(run(body, 'br, gzip'), isError('BODY_ENCODING', /the gzip body is broken/));
    });

    it('takes a body on a SharedArrayBuffer', async () => {
      for (const [name, body] of BODIES) {
        const shared = new Uint8Array(new SharedArrayBuffer(body.length + 5), 3, body.length);
        shared.set(body);
        assert.deepEqual(Buffer.from(await run(shared, name)), TEXT, name);
      }
    });

    it('takes a gzip body of several members and zero padding', async () => {
      const member = zlib.gzipSync(TEXT);
      const body = Buffer.concat([member, member, Buffer.alloc(9)]);
      assert.deepEqual(Buffer.from(await run(body, 'gzip')), Buffer.concat([TEXT, TEXT]));
    });

    it('passes over what follows the end of a deflate, br or zstd body', async () => {
      for (const [name, body] of BODIES) {
        if (name.endsWith('gzip')) continue;
        assert.deepEqual(Buffer.from(await run(Buffer.concat([body, TEXT]), name)), TEXT, name);
      }
    });

    it('takes an empty body for what it is, whatever coding it claims', async () => {
      for (const name of [...NAMES, 'zstd', 'gzip, br'])
        assert.equal((await run(Buffer.alloc(0), name)).length, 0, name);
    });

    it('undoes zstd of more than one frame, and of such as are to be skipped', async () => {
      const skipped = Buffer.from('502a4d1803000000616263', 'hex');
      const frames = Buffer.concat([ZSTD, skipped, ZSTD]);
      assert.deepEqual(await run(frames, 'zstd'), Buffer.concat([TEXT, TEXT]));
    });

    it('refuses zstd that would hold more than 8 MiB of what was, in its first frame or a later one', async () => {
      // A window of 16 MiB, and one block of a byte that comes once.
      const wide = Buffer.from('28b52ffd00700b000061', 'hex');
      for (const body of [wide, Buffer.concat([ZSTD, wide])]) {
        await assert.rejects(run(body, 'zstd'), isError('BODY_ENCODING', /zstd body is broken/));
      }
    });

    it('refuses a body that is cut anywhere', async () => {
      for (const [name, body] of BODIES) {
        for (let end = 1; end < body.length; end += 1) {
          await assert.rejects(
            run(body.subarray(0, end), name),
            isError('BODY_CUT', new RegExp(`^the ${name.replace('x-', '')} body is cut`)),
            `${name} cut at ${end}`,
          );
        }
      }
    });

    it('refuses a body that is not in the coding it claims', async () => {
      const page = Buffer.from('<!doctype html><title>404</title>');
      for (const name of NAMES) await assert.rejects(run(page, name), isError('BODY_ENCODING', /body is broken/), name);
    });

    it('refuses damage that only the checksum shows', async () => {
      const body = zlib.gzipSync(TEXT);
      body[body.length - 6]! ^= 1;
      await assert.rejects(run(body, 'gzip'), isError('BODY_ENCODING', /gzip body is broken: incorrect data check/));
    });

    it('refuses unknown codings and more than two, whatever the body', async () => {
      const refused = async (coding: string, message: RegExp) =>
        assert.rejects(async () => run(TEXT, coding), isError('BODY_ENCODING', message));
      await refused('compress', /^unknown content coding "compress"$/);
      await refused('gzip, \u001b[2J', /"\\u001b\[2j"/);
      await refused('constructor', /unknown/);
      await refused('gzip, gzip, gzip', /^3 content codings/);
    });

    it('gives back what was encoded', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 5000 }),
          fc.array(fc.constantFrom(...NAMES), { maxLength: 2 }),
          async (data, names) => {
            const body = names.reduce<Uint8Array>((bytes, name) => ENCODERS[name](bytes), data);
            assert.deepEqual(Buffer.from(await run(body, names.join(', '))), Buffer.from(data));
          },
        ),
        { seed: 7, numRuns: 60 },
      );
    });

    it('throws nothing but its own errors on random bytes', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...NAMES), async (data, name) => {
          await run(data, name).catch((error: SluiceError) => {
            const code = error.code === 'BODY_CUT' ? 'BODY_CUT' : 'BODY_ENCODING';
            isError(code, /^the (gzip|deflate|br) body is /)(error);
          });
        }),
        { seed: 11, numRuns: 200 },
      );
    });
  });
}

describe('the bound of decode and decodeAsync', () => {
  const BOTH = { decode: async (...args: Parameters<typeof decode>) => decode(...args), decodeAsync };

  it('gives back the same bytes, not a copy, without a coding', async () => {
    for (const run of Object.values(BOTH)) {
      for (const coding of ['', 'identity', 'Identity, ']) assert.equal(await run(TEXT, coding, TEXT.length), TEXT);
    }
  });

  it('is the last size that is allowed', async () => {
    for (const run of Object.values(BOTH)) {
      for (const [name, body] of [...BODIES, ['', TEXT] as const]) {
        assert.equal((await run(body, name, TEXT.length)).length, TEXT.length);
        await assert.rejects(run(body, name, TEXT.length - 1), isError('BODY_TOO_LARGE', /at most 2319 are allowed/));
      }
      assert.equal((await run(zlib.gzipSync(''), 'gzip', 0)).length, 0);
      await assert.rejects(run(zlib.gzipSync('a'), 'gzip', 0), isError('BODY_TOO_LARGE', /at most 0 are allowed/));
      assert.equal((await run(zlib.gzipSync('a'), 'gzip', Infinity)).length, 1);
    }
  });

  it('holds against bombs, single and stacked, without their memory', async () => {
    // A gigabyte of zeros as 64 members: a valid gzip body of 1 MB, and of 3 KB when compressed again.
    const bomb = Buffer.concat(Array<Buffer>(64).fill(zlib.gzipSync(Buffer.alloc(16 * MIB))));
    const stacked = zlib.gzipSync(bomb);
    assert.ok(bomb.length < 1.1 * MIB && stacked.length < 0.1 * MIB);
    const before = process.resourceUsage().maxRSS;
    for (const run of Object.values(BOTH)) {
      await assert.rejects(run(bomb, 'gzip', MIB), isError('BODY_TOO_LARGE', /gzip body decodes to more bytes/));
      await assert.rejects(run(stacked, 'gzip, gzip', 2 * MIB), isError('BODY_TOO_LARGE', /at most 2097152/));
    }
    const grownKiB = process.resourceUsage().maxRSS - before;
    assert.ok(grownKiB < 32 * 1024, `peak memory grew by ${grownKiB} KiB`);
  });
});

describe('the transforms of createDecoder', () => {
  it('are none without a coding', () => {
    assert.deepEqual(createDecoder('identity,'), []);
  });

  it('hold little of a bomb while the writer is slow', async () => {
    const bomb = zlib.deflateRawSync(zlib.gzipSync(Buffer.alloc(64 * MIB)));
    let chunks = 0;
    let peak = 0;
    const before = process.memoryUsage().arrayBuffers;
    const sink = new Writable({
      write(_chunk, _encoding, done) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers);
        chunks += 1;
        // Time enough for zlib to run ahead by more than is allowed, if nothing stopped it.
        setTimeout(() => done(chunks === 10 ? new Error('enough') : undefined), 20);
      },
    });
    await assert.rejects(pipeline([Readable.from([bomb]), ...createDecoder('gzip, deflate'), sink]), /^Error: enough$/);
    assert.ok(peak - before < 4 * MIB, `held up to ${peak - before} bytes`);
  });

  it('are all destroyed when one fails', async () => {
    const transforms = createDecoder('gzip, br');
    const body = zlib.brotliCompressSync(Buffer.from('not gzip'));
    await assert.rejects(
      pipeline([Readable.from([body]), ...transforms, new Writable({ write: (_chunk, _encoding, done) => done() })]),
      isError('BODY_ENCODING', /gzip body is broken/),
    );
    assert.deepEqual(
      transforms.map((transform) => transform.destroyed),
      [true, true],
    );
  });
});
