/** EXIF of AVIF and HEIC: found in the boxes of the file, whatever these say, and never outside of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { readExif } from '../../workers/steps/image/exif.js';
import { heifExif } from '../../workers/steps/image/heif-items.js';

const EXIF = { IFD0: { Make: 'Sluice & Co', Orientation: '6' }, IFD2: { FNumber: '28/10', ISOSpeedRatings: '200' } };

/** A TIFF of one directory: who has made the picture. */
function tiffOf(make: string): Buffer {
  const text = Buffer.from(`${make}\0`);
  const head = Buffer.alloc(8 + 2 + 12 + 4);
  head.write('MM\0*', 'latin1');
  head.writeUInt32BE(8, 4);
  head.writeUInt16BE(1, 8);
  head.writeUInt16BE(0x010f, 10);
  head.writeUInt16BE(2, 12);
  head.writeUInt32BE(text.length, 14);
  head.writeUInt32BE(head.length, 18);
  return Buffer.concat([head, text]);
}

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0));
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...content]);
}

/** Numbers of so many bytes each. */
function numbers(...pairs: readonly (readonly [value: number, size: number])[]): Buffer {
  return Buffer.concat(
    pairs.map(([value, size]) => {
      const bytes = Buffer.alloc(size);
      if (size === 8) bytes.writeBigUInt64BE(BigInt(value));
      else if (size > 0) bytes.writeUIntBE(value, 0, size);
      return bytes;
    }),
  );
}

interface MadeUp {
  readonly infeVersion: 0 | 2 | 3;
  readonly ilocVersion: 0 | 1 | 2;
  readonly numberSize: 4 | 8;
  readonly idat: boolean;
  /** How many parts the data comes in. */
  readonly parts: number;
  readonly type?: string;
  /** Bytes before the TIFF. */
  readonly before?: Buffer;
}

/** A file with one item besides an image that nobody looks at. */
function fileOf(
  tiff: Buffer,
  { infeVersion, ilocVersion, numberSize, idat, parts, type = 'Exif', before }: MadeUp,
): Buffer {
  const lead = before ?? Buffer.from('Exif\0\0', 'latin1');
  const data = Buffer.concat([numbers([lead.length, 4]), lead, tiff]);
  const idSize = infeVersion === 3 ? 4 : 2;
  const infe = (id: number, what: string): Buffer =>
    box('infe', numbers([infeVersion, 1], [0, 3], [id, idSize], [0, 2]), Buffer.from(`${what}\0`, 'latin1'));
  const iinf = box('iinf', numbers([0, 4], [2, 2]), infe(1, 'av01'), infe(2, type));
  const ftyp = box('ftyp', Buffer.from('avif\0\0\0\0mif1', 'latin1'));
  const size = Math.ceil(data.length / parts);
  const ilocOf = (from: number): Buffer => {
    const extents = Array.from({ length: parts }, (_, part) => {
      const at = part * size;
      return numbers([from + at, numberSize], [Math.min(size, data.length - at), numberSize]);
    });
    const countSize = ilocVersion === 2 ? 4 : 2;
    const method: readonly [number, number][] = ilocVersion === 0 ? [] : [[idat ? 1 : 0, 2]];
    return box(
      'iloc',
      numbers([ilocVersion, 1], [0, 3], [numberSize * 16 + numberSize, 1], [0, 1], [1, countSize]),
      numbers([2, countSize], ...method, [0, 2], [parts, 2]),
      ...extents,
    );
  };
  const metaOf = (from: number): Buffer =>
    box('meta', numbers([0, 4]), iinf, ilocOf(from), ...(idat ? [box('idat', data)] : []));
  const from = idat ? 0 : ftyp.length + metaOf(0).length + 8;
  return Buffer.concat([ftyp, metaOf(from), ...(idat ? [] : [box('mdat', data)])]);
}

const shapes = fc.record({
  infeVersion: fc.constantFrom(2 as const, 3 as const),
  ilocVersion: fc.constantFrom(1 as const, 2 as const),
  numberSize: fc.constantFrom(4 as const, 8 as const),
  idat: fc.boolean(),
  parts: fc.integer({ min: 1, max: 5 }),
});

describe('EXIF of AVIF and HEIC', () => {
  test('is that which sharp has written', async () => {
    const still = () => sharp({ create: { width: 24, height: 16, channels: 3, background: '#456' } });
    const avif = await still().avif().withExif(EXIF).toBuffer();
    for (const format of ['avif', 'heic'] as const) {
      const { orientation, json } = readExif(avif, format);
      const told = JSON.parse(json ?? '{}') as Record<string, unknown>;
      assert.deepEqual([told['Make'], told['FNumber'], told['ISOSpeedRatings']], ['Sluice & Co', 2.8, 200]);
      // How it is turned, the image says itself.
      assert.equal(orientation, 1);
    }
    assert.equal(readExif(await still().avif().toBuffer(), 'avif').json, undefined);
  });

  test('is found in every form that tables have', () => {
    fc.assert(
      fc.property(shapes, fc.string({ minLength: 1, maxLength: 40 }), (shape, text) => {
        const tiff = tiffOf(text);
        for (const before of [Buffer.alloc(0), Buffer.from('Exif\0\0', 'latin1'), Buffer.alloc(9)]) {
          const found = heifExif(fileOf(tiff, { ...shape, before }));
          assert.deepEqual(found && Buffer.from(found), tiff);
        }
        const old = fileOf(tiff, { ...shape, infeVersion: 2, ilocVersion: 0, idat: false });
        assert.deepEqual(Buffer.from(heifExif(old) ?? []), tiff);
      }),
    );
  });

  test('of an item that is no EXIF, or tells no type, is none', () => {
    const shape = { infeVersion: 2, ilocVersion: 1, numberSize: 4, idat: true, parts: 1 } as const;
    assert.equal(heifExif(fileOf(tiffOf('x'), { ...shape, type: 'mime' })), undefined);
    assert.equal(heifExif(fileOf(tiffOf('x'), { ...shape, infeVersion: 0 })), undefined);
  });

  test('of what is cut or changed anywhere is read within the file or not at all', () => {
    const intact = (bytes: Buffer): void => {
      // What is not its own, a copy within a larger buffer shows.
      const around = Buffer.alloc(bytes.length + 64, 0x45);
      bytes.copy(around, 32);
      const inside = around.subarray(32, 32 + bytes.length);
      const found = heifExif(inside);
      if (found === undefined) return;
      // Parts that lie over one another are copied, to a bound.
      if (found.buffer !== inside.buffer) assert.ok(found.length <= 1 << 20);
      else {
        assert.ok(found.byteOffset >= inside.byteOffset);
        assert.ok(found.byteOffset + found.length <= inside.byteOffset + inside.length);
      }
      readExif(inside, 'avif');
    };
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.nat()), (shape, stream) => {
        const whole = fileOf(tiffOf('somebody'), shape);
        for (let length = 0; length < whole.length; length += 1) intact(whole.subarray(0, length));
        for (let at = 0; at < whole.length; at += 1) {
          const changed = Buffer.from(whole);
          changed[at] = (stream.next().value as number) & 0xff;
          intact(changed);
          changed.fill(0xff, at, Math.min(at + 4, changed.length));
          intact(changed);
        }
      }),
      { numRuns: 10 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => intact(Buffer.from(bytes))));
  });

  test('of tables that claim to be endless is given up at once', () => {
    const iloc = box('iloc', numbers([2, 1], [0, 3], [0x44, 1], [0, 1], [0xffff_ffff, 4]), Buffer.alloc(1 << 20));
    const infe = box('infe', numbers([2, 1], [0, 3], [0, 2], [0, 2]), Buffer.from('Exif\0', 'latin1'));
    const iinf = box('iinf', numbers([1, 1], [0, 3], [0xffff_ffff, 4]), infe, Buffer.alloc(1 << 20));
    const started = process.cpuUsage().user;
    assert.equal(heifExif(box('meta', numbers([0, 4]), iinf, iloc)), undefined);
    const many = Buffer.concat(Array.from({ length: 200_000 }, () => box('free')));
    assert.equal(heifExif(many), undefined);
    assert.ok(process.cpuUsage().user - started < 5_000_000);
  });
});
