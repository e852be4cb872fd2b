import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { SluiceError } from '../../src/errors.js';
import type { ImageSettings, Resize, ResizeMode, WrittenFormat } from '../../src/protocol/images.js';
import { sizeFor } from '../../workers/steps/image/size.js';
import type { Made } from '../../workers/steps/step.js';
import { applySteps } from '../../workers/steps/steps.js';
import { checkStructure } from '../../workers/steps/structure.js';
import { kinds } from '../helpers/image-kinds.js';
import * as make from '../helpers/images.js';
import { storeSettings } from '../helpers/stores.js';

const SHAPES = [
  [123, 456],
  [208, 495],
  [321, 421],
  [389, 535],
  [416, 264],
  [456, 123],
  [524, 316],
] as const;
const AS_THEY_ARE = SHAPES.map((shape) => [...shape]);
const square = (size: number): number[][] => SHAPES.map(() => [size, size]);

/** What img2dataset makes of its own shapes, by its resizer and albumentations' way to round. */
const EXPECTED: readonly (readonly [number, boolean, ResizeMode, number[][]])[] = [
  [256, false, 'border', square(256)],
  [
    256,
    false,
    'fit',
    [
      [69, 256],
      [108, 256],
      [195, 256],
      [186, 256],
      [256, 162],
      [256, 69],
      [256, 154],
    ],
  ],
  [256, false, 'fill', square(256)],
  [256, false, 'center-crop', square(256)],
  [
    256,
    false,
    'keep-ratio',
    [
      [256, 949],
      [256, 609],
      [256, 336],
      [256, 352],
      [403, 256],
      [949, 256],
      [425, 256],
    ],
  ],
  [256, true, 'border', square(256)],
  [
    256,
    true,
    'center-crop',
    [
      [123, 456],
      [208, 495],
      [256, 256],
      [256, 256],
      [256, 256],
      [456, 123],
      [256, 256],
    ],
  ],
  [
    256,
    true,
    'keep-ratio',
    [
      [123, 456],
      [208, 495],
      [256, 336],
      [256, 352],
      [403, 256],
      [456, 123],
      [425, 256],
    ],
  ],
  [512, false, 'border', square(512)],
  [
    512,
    false,
    'fit',
    [
      [138, 512],
      [215, 512],
      [390, 512],
      [372, 512],
      [512, 325],
      [512, 138],
      [512, 309],
    ],
  ],
  [512, false, 'center-crop', square(512)],
  [
    512,
    false,
    'keep-ratio',
    [
      [512, 1898],
      [512, 1218],
      [512, 672],
      [512, 704],
      [807, 512],
      [1898, 512],
      [849, 512],
    ],
  ],
  [
    512,
    true,
    'border',
    [
      [123, 456],
      [208, 495],
      [321, 421],
      [512, 512],
      [416, 264],
      [456, 123],
      [512, 512],
    ],
  ],
  [
    512,
    true,
    'fit',
    [
      [123, 456],
      [208, 495],
      [321, 421],
      [372, 512],
      [416, 264],
      [456, 123],
      [512, 309],
    ],
  ],
  [
    512,
    true,
    'fill',
    [
      [123, 456],
      [208, 495],
      [321, 421],
      [512, 512],
      [416, 264],
      [456, 123],
      [512, 512],
    ],
  ],
  [512, true, 'center-crop', AS_THEY_ARE],
  [512, true, 'keep-ratio', AS_THEY_ARE],
];

function picture(width: number, height: number, channels: 3 | 4 = 3): Picture {
  const pixels = Buffer.from(Array.from({ length: width * height * channels }, (_, at) => (at * 7 + (at >> 9)) % 253));
  return sharp(pixels, { raw: { width, height, channels } });
}

type Picture = ReturnType<typeof sharp>;

type Asked = Partial<Omit<ImageSettings, 'filter' | 'resize'>> & {
  readonly resize?: Partial<Resize>;
  readonly filter?: Partial<ImageSettings['filter']>;
};

describe('images on the way', () => {
  const remake = async (t: Parameters<typeof storeSettings>[0], bytes: Uint8Array, asked: Asked): Promise<Made> => {
    const resize = asked.resize && { size: 256, mode: 'border' as const, onlyShrink: false, ...asked.resize };
    const filter = asked.filter && { minSize: 0, maxPixels: Infinity, maxAspectRatio: Infinity, ...asked.filter };
    return applySteps(bytes, storeSettings(t, { images: { ...make.NO_IMAGES, ...asked, resize, filter } }));
  };
  const refuses = (made: Promise<Made>, code: string, message: RegExp | string): Promise<void> =>
    assert.rejects(made, (error: unknown) => {
      assert.ok(error instanceof SluiceError, String(error));
      assert.equal(error.code, code, error.message);
      if (typeof message === 'string') assert.ok(error.message.includes(message), error.message);
      else assert.match(error.message, message);
      return true;
    });

  for (const [size, onlyShrink, mode, expected] of EXPECTED) {
    test(`get img2dataset's sizes by ${mode} to ${size}${onlyShrink ? ', only smaller' : ''}`, async (t) => {
      for (const [at, [width, height]] of SHAPES.entries()) {
        const [wide, high] = expected[at] as [number, number];
        const planned = sizeFor({ width, height }, { size, mode, onlyShrink }) ?? { width, height };
        assert.deepEqual(planned, { width: wide, height: high });
        const bytes = await picture(width, height).jpeg().toBuffer();
        const made = await remake(t, bytes, { resize: { size, mode, onlyShrink } });
        assert.deepEqual(made.image, {
          made: made.bytes !== bytes,
          format: 'jpeg',
          width: wide,
          height: high,
          originalWidth: width,
          originalHeight: height,
        });
        const info = await sharp(made.bytes).metadata();
        assert.deepEqual([info.width, info.height], [wide, high]);
      }
    });
  }

  test('are those that sharp makes alone, byte for byte', async (t) => {
    const jpeg = await picture(500, 400)
      .jpeg({ quality: 90 })
      .withExif({ IFD0: { Artist: 'sluice' } })
      .toBuffer();
    const alone = (): Picture => sharp(jpeg).resize(256, 256, { fit: 'cover' });
    const resize = { mode: 'center-crop' } as const;
    const same = async (asked: Asked, by: Picture): Promise<void> =>
      assert.deepEqual(Buffer.from((await remake(t, jpeg, asked)).bytes), await by.toBuffer());
    await same({ resize }, alone().keepMetadata().jpeg());
    await same({ resize, strip: true }, alone().jpeg());
    await same({ resize, strip: true, quality: 95 }, alone().jpeg({ quality: 95 }));
    await same({ resize, strip: true, convert: 'webp' }, alone().webp());
    await same({ resize, strip: true, convert: 'png' }, alone().png());
    const white = { fit: 'contain', background: '#fff' } as const;
    await same({ resize: {}, strip: true }, sharp(jpeg).resize(256, 256, white).jpeg());
    await same({ convert: 'webp', quality: 30 }, sharp(jpeg).keepMetadata().webp({ quality: 30 }));
  });

  test('are passed through where size, kind and turn are right', async (t) => {
    const bytes = await picture(256, 256).jpeg().toBuffer();
    const asked: Asked[] = [
      { resize: {} },
      { resize: { mode: 'keep-ratio' } },
      { resize: { size: 300, onlyShrink: true } },
      { convert: 'jpeg', quality: 10 },
      { strip: true },
      { filter: { minSize: 256 } },
    ];
    for (const one of asked) assert.equal((await remake(t, bytes, one)).bytes, bytes, JSON.stringify(one));
    for (const one of [{ resize: { size: 255 } }, { convert: 'png' as const }, { resize: { size: 300 } }]) {
      assert.notEqual((await remake(t, bytes, one)).bytes, bytes, JSON.stringify(one));
    }
  });

  test('are turned as their EXIF says, which is told as JSON', async (t) => {
    const exif = {
      IFD0: { Make: 'Sluice & Co', Orientation: '6' },
      IFD2: { FNumber: '28/10', ISOSpeedRatings: '200' },
    };
    for (const format of ['jpeg', 'webp', 'png'] as const) {
      const bytes = await picture(60, 40).withExif(exif).withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
      const made = await remake(t, bytes, { convert: format });
      const { exif: json, made: isMade, ...image } = made.image ?? assert.fail('nothing is told of it');
      assert.deepEqual(image, { format, width: 40, height: 60, originalWidth: 40, originalHeight: 60 });
      const told = JSON.parse(json ?? '{}') as Record<string, unknown>;
      assert.equal(told['Orientation'], 6, format);
      assert.equal(isMade, true);
      const info = await sharp(made.bytes).metadata();
      assert.deepEqual([info.width, info.height, info.orientation ?? 1], [40, 60, 1]);
      assert.notEqual(info.exif, undefined);
      const bare = await remake(t, bytes, { strip: true });
      assert.equal((await sharp(bare.bytes).metadata()).exif, undefined);
    }
  });

  test('tell what EXIF says of the camera', async (t) => {
    const exif = { IFD0: { Make: 'Sluice & Co' }, IFD2: { FNumber: '28/10', ISOSpeedRatings: '200' } };
    const bytes = await picture(60, 40).jpeg().withExif(exif).toBuffer();
    const made = await remake(t, bytes, { filter: { minSize: 1 } });
    assert.equal(made.bytes, bytes);
    const told = JSON.parse(made.image?.exif ?? '{}') as Record<string, unknown>;
    assert.deepEqual([told['Make'], told['FNumber'], told['ISOSpeedRatings']], ['Sluice & Co', 2.8, 200]);
  });

  test('are what is broken in their EXIF to nobody', async (t) => {
    const whole = await picture(60, 40)
      .jpeg()
      .withExif({ IFD0: { Make: 'x'.repeat(90) } })
      .toBuffer();
    const from = whole.indexOf('Exif') + 6;
    for (let at = from; at < from + 120; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = 0xff;
      assert.equal((await remake(t, bytes, { filter: { minSize: 1 } })).bytes, bytes);
    }
  });

  test('have white where they are seen through, once they are JPEG or have a border', async (t) => {
    const clear = await sharp({ create: { width: 8, height: 4, channels: 4, background: '#ff000000' } })
      .png()
      .toBuffer();
    for (const asked of [{ convert: 'jpeg' as const }, { resize: { size: 8 }, convert: 'jpeg' as const }]) {
      const { bytes } = await remake(t, clear, asked);
      const [red, green, blue] = await sharp(bytes).raw().toBuffer();
      assert.deepEqual([red, green, blue], [255, 255, 255]);
    }
  });

  test('keep their frames where both kinds have some', async (t) => {
    const gif = (await make.samples()).find(({ name }) => name === 'animated GIF')?.bytes ?? assert.fail();
    const small = await remake(t, gif, { resize: { size: 8, mode: 'fit' } });
    assert.deepEqual(checkStructure(small.bytes), { format: 'gif', width: 8, height: 6, frames: 3 });
    assert.deepEqual([small.image?.width, small.image?.height], [8, 6]);
    const webp = await remake(t, gif, { convert: 'webp' });
    assert.deepEqual([checkStructure(webp.bytes).frames, webp.image?.height], [3, 9]);
    assert.equal(checkStructure((await remake(t, gif, { convert: 'png' })).bytes).frames, 1);
  });

  test('become what is asked for, whatever they were, or are refused by their kind', async (t) => {
    for (const { name, called, bytes, info } of await kinds()) {
      for (const convert of ['jpeg', 'png', 'webp', 'avif'] as const satisfies readonly WrittenFormat[]) {
        if (['heic', 'jxl', 'bmp', 'ico'].includes(info.format)) {
          await refuses(remake(t, bytes, { convert }), 'BODY_IMAGE', `${called}, which sharp does not read here`);
          continue;
        }
        const made = await remake(t, bytes, { convert });
        const { format, width, height } = checkStructure(made.bytes);
        assert.deepEqual([format, width, height], [convert, info.width, info.height], name);
      }
    }
  });

  test('that cannot be written again need another kind', async (t) => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await refuses(remake(t, svg, { resize: { size: 4 } }), 'BODY_IMAGE', 'a SVG cannot be written again');
    assert.equal((await remake(t, svg, { resize: { size: 4 }, convert: 'png' })).image?.width, 4);
    assert.equal((await remake(t, svg, { resize: { size: 9 } })).bytes, svg);
  });

  test('are left out by their size, area and shape, without being decoded', async (t) => {
    const bomb = make.pngBomb(9_000, 3_000);
    assert.equal(
      (await remake(t, bomb, { filter: { minSize: 3_000, maxPixels: 27e6, maxAspectRatio: 3 } })).bytes,
      bomb,
    );
    await refuses(remake(t, bomb, { filter: { minSize: 3_001 } }), 'IMAGE_SMALL', /^image too small: 9000 x 3000/);
    await refuses(remake(t, bomb, { filter: { maxPixels: 27e6 - 1 } }), 'IMAGE_LARGE', /^image area too large: 9000/);
    await refuses(
      remake(t, bomb, { filter: { maxAspectRatio: 2.9 } }),
      'IMAGE_NARROW',
      /^aspect ratio too large: 9000/,
    );
  });

  test('that are none, cut, or 60,000 x 60,000 pixels are refused', async (t) => {
    const cut = (await picture(500, 400).jpeg().toBuffer()).subarray(0, 9_000);
    for (const asked of [{ resize: {} }, { convert: 'webp' as const }, { strip: true }, { filter: { minSize: 1 } }]) {
      await refuses(remake(t, Buffer.from('<!doctype html>'), asked), 'BODY_IMAGE', 'no image of a known kind');
      await refuses(remake(t, cut, asked), 'BODY_IMAGE', /^broken JPEG at byte 9000: cut in scan/);
      await refuses(remake(t, make.pngBomb(60_000, 60_000), asked), 'BODY_IMAGE', /^PNG too large: 60000 x 60000/);
    }
    // Data that is too short for the size that its header says.
    await refuses(remake(t, make.pngBomb(300, 300), { resize: {} }), 'BODY_IMAGE', 'the image does not decode');
  });

  test('that would become too large are refused before they are made', async (t) => {
    const line = await picture(2, 8_000).png().toBuffer();
    const asked: Asked = { resize: { size: 16_000, mode: 'keep-ratio' } };
    await refuses(remake(t, line, asked), 'BODY_IMAGE', /^too large to be made anew/);
  });
});
