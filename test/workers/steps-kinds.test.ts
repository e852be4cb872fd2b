import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { SluiceError } from '../../src/errors.js';
import { isStored } from '../../src/protocol/result.js';
import { checkPixels } from '../../workers/steps/pixels.js';
import { checkStructure } from '../../workers/steps/structure.js';
import { storeBody } from '../../workers/store.js';
import * as make from '../helpers/image-kinds.js';
import { storeSettings } from '../helpers/stores.js';

const KINDS = await make.kinds();
const TRAIL = Buffer.from('\0\0\nmore, which is long enough to be a box or a chunk');

function isRefusal(called: string) {
  return (error: unknown) => {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, 'BODY_IMAGE', error.message);
    assert.ok(error.message.includes(called), `${error.message} does not tell of ${called}`);
    return true;
  };
}

describe('the check of images', () => {
  for (const { name, called, bytes, info, decodes } of KINDS) {
    test(`takes a good ${name}, with bytes after its end too, whatever it is called`, async (t) => {
      assert.deepEqual(checkStructure(bytes), info);
      assert.deepEqual(checkStructure(Buffer.concat([bytes, TRAIL])), info);
      const settings = storeSettings(t, { imageCheck: 'structure' });
      for (const called of ['right', 'wrong.jpg', 'wrong.html', 'wrong.avif']) {
        const stored = await storeBody(bytes, { name: called, encoding: '' }, settings);
        assert.ok(isStored(stored) && stored.size === bytes.length, called);
      }
    });

    test(`refuses a ${name} that is cut at any byte, and names its kind`, () => {
      for (let end = 0; end < bytes.length; end += 1) {
        // What has less of its beginning may be of no kind.
        const what = end < bytes.length / 2 ? '' : called;
        assert.throws(
          () => checkStructure(bytes.subarray(0, end)),
          isRefusal(what),
          `cut at ${end} of ${bytes.length}`,
        );
      }
    });

    test(`${decodes ? 'decodes' : 'refuses to decode'} a ${name}`, async () => {
      if (decodes) await checkPixels(bytes);
      else await assert.rejects(checkPixels(bytes), isRefusal(`it is ${called}, which sharp does not read here`));
    });
  }

  test('takes a damaged image or throws BODY_IMAGE, nothing else', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), changes, ({ bytes }, values) => {
        const copy = Buffer.from(bytes);
        for (const [at, value] of values) copy[at % copy.length] = value;
        try {
          checkStructure(copy);
        } catch (error) {
          isRefusal('')(error);
        }
      }),
      { seed: 7, numRuns: 10_000 },
    );
  });

  test('refuses 60,000 x 60,000 pixels of each kind from the header', () => {
    const avif = KINDS.find(({ name }) => name === 'AVIF') as make.Kind;
    const large = Buffer.from(avif.bytes);
    large.writeUInt32BE(60_000, large.indexOf('ispe') + 8);
    large.writeUInt32BE(60_000, large.indexOf('ispe') + 12);
    const bombs = [
      large,
      make.bmp(60_000, 60_000, 100),
      make.icon([make.icoBitmap(1, 1)]).fill(0xff, 22 + 4, 22 + 6),
      make.svg(60_000, 60_000),
      make.jxl(60_000, 60_000),
      make.jxlCodestream(60_000, 60_000),
    ];
    for (const bomb of bombs) assert.throws(() => checkStructure(bomb), isRefusal(''));
    for (const bomb of [large, ...bombs.slice(3)]) {
      assert.throws(() => checkStructure(bomb), isRefusal('too large: 60000 x 60000 pixels'));
    }
  });

  test('refuses tables that have no end', () => {
    const tiff = Buffer.alloc(200);
    tiff.write('II*\0\x08\0\0\0', 0, 'latin1');
    assert.throws(() => checkStructure(tiff), isRefusal('TIFF'));
    const same = make.icoBitmap(8, 8);
    const over = make.icon([same, same]);
    over.writeUInt32LE(over.readUInt32LE(6 + 12), 6 + 16 + 12);
    over.writeUInt32LE(over.length - 38, 6 + 8);
    assert.throws(() => checkStructure(over), isRefusal('pictures that lie over one another'));
  });

  test('refuses a JPEG XL that does not tell where it ends, and says that it is one', () => {
    assert.throws(
      () => checkStructure(make.jxlCodestream(3, 4)),
      isRefusal('JPEG XL that cannot be proved to be whole'),
    );
  });

  test('tells the size of an SVG as sharp renders it', async () => {
    for (const attributes of ['width="2in" height="10mm"', 'viewBox="0 0 30 20"', 'width="50" height="9pt"']) {
      const bytes = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${attributes}><g/></svg>`);
      const { width, height } = await sharp(bytes).metadata();
      assert.deepEqual(checkStructure(bytes), { format: 'svg', width, height, frames: 1 }, attributes);
    }
  });

  test('takes a page for what it is', () => {
    for (const page of ['<!doctype html><html><svg></svg></html>', '<html/>', ' plain text', 'BMW is no BMP at all']) {
      assert.throws(() => checkStructure(Buffer.from(page)), isRefusal('no image of a known kind'));
    }
  });
});
