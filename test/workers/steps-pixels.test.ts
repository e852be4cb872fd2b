import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';

import sharp from 'sharp';
import { SluiceError } from '../../src/errors.js';
import { checkStructure } from '../../workers/steps/structure.js';
import { MAX_PIXELS } from '../../workers/steps/image/bounds.js';
import { checkPixels, renderGif } from '../../workers/steps/pixels.js';
import * as make from '../helpers/images.js';

const SAMPLES = await make.samples();

async function refuses(bytes: Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(checkPixels(bytes), (error) => {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, 'BODY_IMAGE');
    assert.match(error.message, message);
    assert.ok(error.cause instanceof Error);
    return true;
  });
}

function sample(name: string): Buffer {
  const found = SAMPLES.find((each) => each.name === name);
  assert.ok(found, name);
  return found.bytes;
}

describe('checkPixels', () => {
  it('takes whole images of every kind', async () => {
    for (const { name, bytes } of SAMPLES) assert.equal(await checkPixels(bytes), undefined, name);
  });

  it('takes an image on a SharedArrayBuffer', async () => {
    for (const { bytes } of SAMPLES) {
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 9), 5, bytes.length);
      shared.set(bytes);
      await checkPixels(shared);
    }
  });

  it('refuses what is no image, and says why on one line', async () => {
    await refuses(Buffer.from('<!doctype html>'), /^the image does not decode: .*unsupported image format$/);
    await refuses(Buffer.alloc(0), /^the image does not decode: .*empty$/);
  });

  it('refuses a PNG without its last line, which has a sound structure', async () => {
    for (const lines of [30, 29]) {
      const data = make.pngChunk('IDAT', deflateSync(Buffer.alloc(31 * lines)));
      const png = Buffer.concat([make.PNG_SIGNATURE, make.pngHeader(30, 30), data, make.PNG_END]);
      checkStructure(png);
      if (lines === 30) await checkPixels(png);
      else await refuses(png, /^the image does not decode: .*png/);
    }
  });

  it('refuses a GIF whose last frame has a code that cannot be', async () => {
    const gif = await make.longGif(20, 20, 3);
    await checkPixels(gif);
    const frame = Buffer.from(make.gif({ width: 1, height: 1 }, [{ width: 20, height: 20 }]).subarray(13));
    frame.set([0x3c], 12);
    const damaged = Buffer.concat([gif.subarray(0, -1), frame]);
    assert.equal(checkStructure(damaged).frames, 4);
    await refuses(damaged, /^the image does not decode: .*gif/);
  });

  it('refuses a WebP whose last frame is short of data', async () => {
    for (const [name, type] of [
      ['lossless WebP', 'VP8L'],
      ['animated WebP', 'VP8 '],
    ] as const) {
      const whole = sample(name);
      const at = whole.lastIndexOf(type, undefined, 'latin1');
      const length = (whole.readUInt32LE(at + 4) - 60) & ~1;
      const short = Buffer.from(whole.subarray(0, at + 8 + length));
      short.writeUInt32LE(length, at + 4);
      const frame = short.lastIndexOf('ANMF');
      if (frame !== -1) short.writeUInt32LE(short.length - frame - 8, frame + 4);
      short.writeUInt32LE(short.length - 8, 4);
      assert.equal(checkStructure(short).frames, checkStructure(whole).frames);
      await refuses(short, /^the image does not decode: .*webp/i);
    }
  });

  it('refuses a JPEG with data missing, which libjpeg calls a warning', async () => {
    const whole = sample('JPEG with many FF in its scan');
    // More than the last strip of 8 lines, in which libvips sees nothing.
    const short = Buffer.concat([whole.subarray(0, -2500), whole.subarray(-2)]);
    checkStructure(short);
    await refuses(short, /^the image does not decode: .*premature end/i);
  });

  it('holds little of a large animation', async () => {
    const bytes = await make.longGif(1000, 1000, 60);
    assert.equal(checkStructure(bytes).frames, 60);
    const before = process.resourceUsage().maxRSS;
    await checkPixels(bytes);
    const grownKiB = process.resourceUsage().maxRSS - before;
    assert.ok(grownKiB < 48 * 1024, `peak memory grew by ${grownKiB} KiB for 240 MB of pixels`);
  });

  it('decodes no more at once than one image may have, and all of them in the end', async () => {
    const [width, height] = [16_000, 9_000];
    assert.ok(2 * width * height > MAX_PIXELS);
    const data = make.pngChunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height), { level: 1 }));
    const png = Buffer.concat([make.PNG_SIGNATURE, make.pngHeader(width, height), data, make.PNG_END]);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, sharp.counters().process)), 1);
    await Promise.all([png, png, png].map(checkPixels));
    clearInterval(timer);
    assert.equal(most, 1);
  });

  it('does not load sharp before it is used', () => {
    const module = new URL('../../workers/steps/pixels.js', import.meta.url).href;
    const script = `await import(${JSON.stringify(module)}); console.log(process.report.getReport().sharedObjects.join());`;
    const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    assert.ok(loaded.length > 10 && !/sharp|vips/.test(loaded), loaded);
  });
});

describe('renderGif', () => {
  it('renders an SVG in the width that is asked for', async () => {
    const flags = new URL('flags/4x3/', `file://${createRequire(import.meta.url).resolve('flag-icons/package.json')}`);
    for (const code of ['br', 'np']) {
      const gif = await renderGif(await readFile(fileURLToPath(new URL(`${code}.svg`, flags))), 160);
      assert.deepEqual(checkStructure(gif), { format: 'gif', width: 160, height: 120, frames: 1 }, code);
      await checkPixels(gif);
    }
  });
});
