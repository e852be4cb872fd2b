/** Images that take much more memory than bytes, with each of the options that make others of them. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { peakMemory } from '../../src/bench/peak-memory.js';
import type { ImageSettings } from '../../src/protocol/images.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { applySteps } from '../../workers/steps/steps.js';
import { scratch } from '../helpers/scratch.js';
import * as make from '../helpers/images.js';
import { inHaste } from '../helpers/thorough.js';

const SELF = fileURLToPath(import.meta.url);
const OPTIONS: Readonly<Record<string, Partial<ImageSettings>>> = {
  resize: { resize: { size: 256, mode: 'center-crop', onlyShrink: false } },
  convert: { convert: 'jpeg' },
  strip: { strip: true },
  filter: { filter: { minSize: 1, maxPixels: 1e12, maxAspectRatio: 10 } },
};

/** A whole PNG of one colour: few bytes. */
function wholeBomb(side: number): Buffer {
  const data = make.pngChunk('IDAT', deflateSync(Buffer.alloc((side + 1) * side), { level: 9 }));
  return Buffer.concat([make.PNG_SIGNATURE, make.pngHeader(side, side), data, make.PNG_END]);
}

const BOMBS: Readonly<Record<string, () => Buffer | Promise<Buffer>>> = {
  'a PNG of 60,000 x 60,000 pixels': () => make.pngBomb(60_000, 60_000),
  'a JPEG of 60,000 x 60,000 pixels': () => make.jpeg(60_000, 60_000),
  'a GIF of 10,000 frames': () =>
    make.gif(
      { width: 1, height: 1 },
      Array.from({ length: 10_000 }, () => ({ width: 1, height: 1 })),
    ),
  'a GIF of 1,000 frames of 1,000 x 1,000 pixels': () => make.longGif(1_000, 1_000, 1_000),
  'a whole PNG of 12,000 x 12,000 pixels': () => wholeBomb(12_000),
  'a whole PNG of 8,000 x 8,000 pixels': () => wholeBomb(8_000),
};

/** Megabytes at the most: of what is made as large as may be, an encoder has all in memory. */
const MOST = { refused: 50, made: 500 };

if (process.argv[2] !== undefined) {
  const [, , path = '', option = ''] = process.argv;
  const settings = {
    imageCheck: 'none',
    images: { ...make.NO_IMAGES, ...OPTIONS[option] },
  } as unknown as StoreSettings;
  await applySteps(await make.longGif(20, 20, 2), settings);
  const bytes = readFileSync(path);
  const before = peakMemory();
  const result = await Promise.resolve()
    .then(() => applySteps(bytes, settings))
    .then(
      () => 'made',
      (error: Error) => error.message,
    );
  process.send?.([(peakMemory() - before) / 1e6, result]);
  process.disconnect?.();
} else {
  for (const [name, bomb] of Object.entries(BOMBS)) {
    test(`${name} takes memory within a bound, whatever is asked for`, { skip: inHaste }, async (t) => {
      const path = join(scratch(t), 'bomb');
      writeFileSync(path, await bomb());
      for (const option of Object.keys(OPTIONS)) {
        const child = fork(SELF, [path, option], { execArgv: [] });
        const [[megabytes, result]] = (await once(child, 'message')) as [[number, string]];
        t.diagnostic(`--${option}: ${megabytes.toFixed(0)} MB; ${result}`);
        const most = result === 'made' ? MOST.made : MOST.refused;
        assert.ok(megabytes < most, `${name}: ${megabytes} MB with ${option}: ${result}`);
      }
    });
  }
}
