import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { SluiceError } from '../../src/errors.js';
import { checkStructure } from '../../workers/steps/structure.js';
import { MAX_FRAMES, MAX_PIXELS, MAX_TOTAL_PIXELS } from '../../workers/steps/image/bounds.js';
import * as make from '../helpers/images.js';

const SAMPLES = await make.samples();

const sample = (name: string): Buffer => {
  const found = SAMPLES.find((each) => each.name === name);
  assert.ok(found, name);
  return Buffer.from(found.bytes);
};

function isRefusal(message: RegExp | string = '') {
  return (error: unknown) => {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, 'BODY_IMAGE');
    assert.notEqual(error.hint, '');
    if (typeof message === 'string') assert.ok(error.message.includes(message), error.message);
    else assert.match(error.message, message);
    return true;
  };
}

const refuses = (bytes: Uint8Array, message: RegExp | string): void =>
  assert.throws(() => checkStructure(bytes), isRefusal(message));

/** The bytes with some of them replaced. */
function patched(bytes: Uint8Array, at: number, values: number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
}

describe('checkStructure', () => {
  for (const { name, bytes, info } of SAMPLES) {
    it(`takes a whole ${name} and tells its size and frames`, () => {
      assert.deepEqual(checkStructure(bytes), info);
    });

    it(`takes a ${name} on a SharedArrayBuffer`, () => {
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 9), 5, bytes.length);
      shared.set(bytes);
      assert.deepEqual(checkStructure(shared), info);
      shared[bytes.length - 1] = 0;
      shared[bytes.length - 2] = 0;
      if (info.format !== 'webp') assert.throws(() => checkStructure(shared), isRefusal());
    });

    it(`refuses a ${name} that is cut at any byte`, () => {
      for (let end = 0; end < bytes.length; end += 1) {
        assert.throws(() => checkStructure(bytes.subarray(0, end)), isRefusal(), `cut at ${end} of ${bytes.length}`);
      }
    });

    it(`takes a ${name} with bytes after its end`, () => {
      assert.deepEqual(checkStructure(Buffer.concat([bytes, Buffer.from('\0\0\nmore')])), info);
    });
  }

  it('refuses what is no image, and says how it begins', () => {
    refuses(Buffer.from('<!doctype html>'), 'no image of a known kind: begins 3c21646f63747970');
    refuses(Buffer.alloc(0), 'no image: the body is empty');
    refuses(Buffer.from('RIFF\x04\0\0\0WAVE', 'latin1'), 'no image of a known kind');
  });

  it('throws nothing but BODY_IMAGE on random bytes, with and without a magic number', () => {
    const magic = fc.constantFrom('', 'GIF89a', '\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'RIFF\x40\0\0\0WEBP');
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 400 }), (start, rest) => {
        const bytes = Buffer.concat([Buffer.from(start, 'latin1'), rest]);
        assert.throws(() => checkStructure(bytes), isRefusal());
      }),
      { seed: 3, numRuns: 2000 },
    );
  });

  it('takes a damaged image or throws BODY_IMAGE, nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SAMPLES),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        ({ bytes }, changes) => {
          const copy = Buffer.from(bytes);
          for (const [at, value] of changes) copy[at % copy.length] = value;
          try {
            checkStructure(copy);
          } catch (error) {
            isRefusal()(error);
          }
        },
      ),
      { seed: 5, numRuns: 3000 },
    );
  });
});

describe('the bounds', () => {
  const tooMany = new RegExp(`more than the ${MAX_PIXELS} allowed`);

  it('hold against a PNG of 60,000 x 60,000 pixels', () => {
    const bomb = make.pngBomb(60_000, 60_000);
    assert.ok(bomb.length < 100);
    refuses(bomb, /^PNG too large: 60000 x 60000 pixels are more than the 268402689 allowed \(at byte \d+\)$/);
  });

  it('hold against a GIF of 10,000 frames', () => {
    const frames = Array.from({ length: 10_000 }, () => ({ width: 1, height: 1 }));
    refuses(make.gif({ width: 1, height: 1 }, frames), /^GIF too large: more than the 5000 frames allowed/);
    const most = make.gif({ width: 1, height: 1 }, frames.slice(0, MAX_FRAMES));
    assert.equal(checkStructure(most).frames, MAX_FRAMES);
    refuses(make.gif({ width: 1, height: 1 }, frames.slice(0, MAX_FRAMES + 1)), 'frames allowed');
  });

  it('hold against other sizes, by canvas and by frame', () => {
    refuses(make.gif({ width: 65_535, height: 65_535 }, [{ width: 1, height: 1 }]), tooMany);
    refuses(make.gif({ width: 1, height: 1 }, [{ width: 65_535, height: 65_535 }]), tooMany);
    refuses(make.jpeg(65_535, 65_535), tooMany);
    refuses(make.webp(make.webpLossless(16_384, 16_384)), tooMany);
    refuses(make.webp(make.webpCanvas(1 << 24, 1 << 24, true)), tooMany);
  });

  it('are the last sizes that are allowed', () => {
    assert.equal(MAX_PIXELS, 16_383 * 16_383);
    assert.equal(checkStructure(make.pngBomb(16_383, 16_383)).width, 16_383);
    assert.equal(checkStructure(make.jpeg(16_383, 16_383)).height, 16_383);
    refuses(make.pngBomb(MAX_PIXELS + 1, 1), tooMany);
  });

  it('hold for all frames together', () => {
    const size = { width: 10_000, height: 10_000 };
    const frames = Array.from({ length: 11 }, () => ({ width: 1, height: 1 }));
    assert.ok(MAX_TOTAL_PIXELS > 10 * 1e8 && MAX_TOTAL_PIXELS < 11 * 1e8);
    assert.equal(checkStructure(make.gif(size, frames.slice(0, 10))).frames, 10);
    refuses(make.gif(size, frames), 'GIF too large: 11 frames of 10000 x 10000 pixels');
    refuses(make.animatedPng(make.pngBomb(10_000, 10_000), 11), 'PNG too large: 11 frames');
    const frame = make.webpFrame(0, 0, 1, 1, make.webpLossless(1, 1));
    const canvas = make.webpCanvas(10_000, 10_000, true);
    refuses(make.webp(canvas, ...Array<Buffer>(11).fill(frame)), 'WebP too large: 11 frames');
  });
});

describe('a GIF', () => {
  const one = { width: 3, height: 2 };

  it('is as large as its largest frame where the screen is smaller', () => {
    const bytes = make.gif({ width: 0, height: 0 }, [one, { width: 1, height: 7 }]);
    assert.deepEqual(checkStructure(bytes), { format: 'gif', width: 3, height: 7, frames: 2 });
  });

  it('is refused without an image, with an empty one, or with one without data', () => {
    refuses(make.gif(one, []), 'broken GIF at byte 13: ends without an image');
    refuses(make.gif(one, [{ width: 0, height: 2 }]), 'broken GIF at byte 13: frame 1 is 0 x 2 pixels');
    const whole = make.gif(one, [one]);
    refuses(Buffer.concat([whole.subarray(0, 24), Buffer.from([0, 0x3b])]), 'frame 1 has no data');
  });

  it('is refused with bytes between blocks and with an LZW code size that cannot be', () => {
    const whole = make.gif(one, [one]);
    refuses(patched(whole, whole.length - 1, [0x00]), `byte ${whole.length - 1}: no block begins with 0x00`);
    refuses(patched(whole, 23, [12]), 'byte 23: frame 1 has an LZW code size of 12');
  });

  it('says what is cut, and where', () => {
    refuses(
      make.gif(one, [one]).subarray(0, 26),
      /^broken GIF at byte 26: cut in frame 1, which needs 1 bytes and has 0$/,
    );
    refuses(sample('animated GIF').subarray(0, 50), /^broken GIF at byte 13: cut in the colour table of the screen/);
  });
});

describe('a PNG', () => {
  const data = make.pngChunk('IDAT', Buffer.alloc(4));
  const png = (...chunks: Uint8Array[]): Buffer => Buffer.concat([make.PNG_SIGNATURE, ...chunks]);
  const header = make.pngHeader(2, 2);

  it('is refused when any one of its bits is flipped', () => {
    const bytes = sample('PNG');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => checkStructure(bytes), isRefusal(), `bit ${bit}`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('is refused for a wrong CRC, naming the chunk and its byte', () => {
    const bytes = sample('PNG');
    const at = bytes.indexOf('IDAT');
    refuses(
      patched(bytes, at + 9, [bytes[at + 9]! ^ 4]),
      `broken PNG at byte ${at - 4}: wrong CRC of the "IDAT" chunk`,
    );
  });

  it('is refused with chunks missing, out of place or unknown and critical', () => {
    refuses(png(data, make.PNG_END), 'byte 8: does not begin with an IHDR chunk');
    refuses(png(header, make.PNG_END), 'ends without image data');
    refuses(png(header, data, make.pngChunk('tEXt', Buffer.from('a')), data, make.PNG_END), 'image data in two places');
    refuses(png(make.pngHeader(2, 2, 3), data, make.PNG_END), 'image data before its palette');
    refuses(png(header, header, data, make.PNG_END), 'unknown critical chunk "IHDR"');
    refuses(png(header, make.pngChunk('EViL', Buffer.alloc(1)), data, make.PNG_END), 'unknown critical chunk "EViL"');
    assert.equal(
      checkStructure(png(header, make.pngChunk('goOd', Buffer.alloc(1)), data, data, make.PNG_END)).width,
      2,
    );
  });

  it('is refused with a header that cannot be', () => {
    const odd = (at: number, value: number): Buffer => {
      const fields = patched(header.subarray(8, 21), at, [value]);
      return png(make.pngChunk('IHDR', fields), data, make.PNG_END);
    };
    refuses(odd(3, 0), 'an image of 0 x 2 pixels');
    refuses(odd(8, 3), 'colour type 0 with 3 bits a sample');
    refuses(odd(9, 5), 'colour type 5 with 8 bits a sample');
    for (const at of [10, 11, 12]) refuses(odd(at, 2), 'unknown methods');
  });

  it('is refused with fewer or more frames than it announces', () => {
    const still = sample('PNG');
    refuses(make.animatedPng(still, 2, 3), 'an animation of 3 frames holds 2');
    refuses(make.animatedPng(still, 2, 1), 'an animation of 1 frames holds 2');
    refuses(make.animatedPng(still, 0), 'an animation of no frames');
  });
});

describe('a JPEG', () => {
  const whole = make.jpeg(3, 2);

  it('is refused without a frame header, without a scan, or with an empty scan', () => {
    refuses(Buffer.concat([whole.subarray(0, 2), whole.subarray(15)]), 'byte 2: a scan without a frame header');
    refuses(Buffer.concat([whole.subarray(0, 15), whole.subarray(-2)]), 'byte 15: ends without an image');
    refuses(make.jpeg(3, 2, []), 'byte 25: scan 1 has no data');
    refuses(Buffer.concat([whole.subarray(0, 15), whole.subarray(2)]), 'byte 15: a second frame header');
    refuses(make.jpeg(3, 0), 'an image of 3 x 0 pixels');
  });

  it('may have restarts in turn, fill bytes and escaped FF in its scan', () => {
    const restarts = Array.from({ length: 10 }, (_, n) => [1, 0xff, 0xff, 0xd0 + (n % 8)]).flat();
    assert.equal(checkStructure(make.jpeg(3, 2, [0xff, 0x00, ...restarts, 7])).width, 3);
  });

  it('is refused with a restart out of turn, which shows that data is missing', () => {
    refuses(make.jpeg(3, 2, [1, 0xff, 0xd0, 1, 0xff, 0xd2, 1]), 'byte 29: restart 2 of scan 1 where 1 is due');
  });

  it('is refused with markers and lengths that cannot be', () => {
    refuses(patched(whole, 15, [0]), 'byte 15: no marker where one has to be');
    for (const marker of [0x01, 0xbf, 0xd0, 0xd8]) {
      refuses(patched(whole, 16, [marker]), /byte 15: marker ff(01|bf|d0|d8) between segments/);
    }
    refuses(patched(whole, 4, [0, 1]), 'the ffc0 segment says it is 1 bytes long');
    refuses(patched(whole, 4, [0, 12]), 'the ffc0 segment is 12 bytes long for 1 components');
    refuses(patched(whole, 4, [0xff, 0xff]), 'for 1 components');
  });

  it('may have a table, which is no frame header', () => {
    for (const marker of [0xc4, 0xc8, 0xcc]) {
      const table = Buffer.from([0xff, marker, 0, 4, 0, 0]);
      const bytes = Buffer.concat([whole.subarray(0, 2), table, whole.subarray(2)]);
      assert.deepEqual(checkStructure(bytes), { format: 'jpeg', width: 3, height: 2, frames: 1 });
    }
  });
});

describe('a WebP', () => {
  const still = make.webpLossless(4, 2);
  const frame = (left: number, top: number) => make.webpFrame(left, top, 4, 2, still);

  it('is refused without an image', () => {
    refuses(make.webp(make.webpChunk('EXIF', Buffer.alloc(2))), 'begins with chunk "EXIF", not with an image');
    refuses(make.webp(make.webpCanvas(4, 2, false)), 'ends without an image');
    refuses(make.webp(make.webpCanvas(4, 2, true), still), 'ends without an image');
    refuses(make.webp(make.webpCanvas(4, 2, true), make.webpFrame(0, 0, 4, 2)), 'frame 1 has no image');
  });

  it('may have unknown chunks anywhere', () => {
    const odd = make.webpChunk('odd!', Buffer.alloc(3));
    const info = { format: 'webp', width: 4, height: 2, frames: 1 };
    assert.deepEqual(checkStructure(make.webp(still, odd)), info);
    assert.deepEqual(checkStructure(make.webp(make.webpCanvas(4, 2, false), odd, still, odd)), info);
    const canvas = make.webpCanvas(4, 2, true);
    assert.deepEqual(checkStructure(make.webp(canvas, odd, make.webpFrame(0, 0, 4, 2, odd, still), odd)), info);
  });

  it('is refused when chunks go beyond the file or the frame that holds them', () => {
    const bytes = make.webp(still);
    refuses(patched(bytes, 16, [99]), 'byte 12: chunk "VP8L" of 99 bytes goes beyond its end');
    const animated = make.webp(make.webpCanvas(4, 2, true), frame(0, 0), frame(0, 0));
    const inner = animated.indexOf('VP8L');
    refuses(patched(animated, inner + 4, [20]), `byte ${inner}: chunk "VP8L" of 20 bytes goes beyond its end`);
    refuses(make.webp(still, Buffer.from('EX')), 'cut in a chunk');
  });

  it('is refused when its images do not fit', () => {
    refuses(make.webp(make.webpCanvas(4, 3, false), still), 'an image that does not fill its canvas');
    const canvas = make.webpCanvas(6, 4, true);
    assert.equal(checkStructure(make.webp(canvas, frame(1, 1), frame(0, 0))).frames, 2);
    refuses(make.webp(canvas, frame(0, 0), frame(2, 1)), 'frame 2 lies outside of the canvas');
    refuses(make.webp(canvas, frame(1, 2)), 'frame 1 lies outside of the canvas');
    refuses(make.webp(canvas, make.webpFrame(0, 0, 3, 2, still)), 'frame 1 has an image of another size');
  });

  it('is refused when the header of its image is broken or cut', () => {
    refuses(patched(make.webp(still), 20, [0]), 'byte 20: VP8L data without its signature');
    const lossy = sample('WebP');
    assert.equal(lossy.toString('latin1', 12, 16), 'VP8 ');
    refuses(patched(lossy, 20, [lossy[20]! | 1]), 'VP8 data without a key frame');
    refuses(patched(lossy, 23, [0]), 'VP8 data without a key frame');
    refuses(patched(lossy, 22, [0xff]), 'VP8 data that is cut');
    refuses(make.webp(make.webpChunk('VP8L', Buffer.from([0x2f, 0])), Buffer.alloc(8)), 'chunk "VP8L" is too short');
    const short = make.webpCanvas(4, 2, false);
    refuses(make.webp(patched(short, 4, [8]).subarray(0, 16), still), 'a VP8X chunk that is too short');
  });

  it('may leave out the last padding byte if the header says so', () => {
    const bytes = make.webp(make.webpChunk('VP8L', Buffer.from([0x2f, 3, 0x40, 0, 0])));
    assert.deepEqual(checkStructure(patched(bytes.subarray(0, -1), 4, [bytes.length - 9])), checkStructure(bytes));
    refuses(bytes.subarray(0, -1), `cut, the header says that there are ${bytes.length} bytes`);
  });
});
