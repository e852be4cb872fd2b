/** What needs an image's pixels. The one importer of sharp, which is loaded on first use: it costs start-up. */

import type sharp from 'sharp';

import { UsageError } from '../../src/errors.js';
import { Gate } from '../gate.js';
import { MAX_PIXELS, MAX_TOTAL_PIXELS } from './image/bounds.js';
import { imageError } from './image/cursor.js';
import type { Step } from './step.js';
import { formatOf, type ImageFormat, structure } from './structure.js';

export type Sharp = typeof sharp;

let loading: Promise<Sharp> | undefined;
/**
 * Pixels of the frames that this thread has decoded at once: those of one that is as large as may be. Interlaced PNG,
 * progressive JPEG and WebP need all of a frame in memory, 3 to 8 bytes for each pixel, which came in a thousandth of that.
 */
export const decoding = new Gate(MAX_PIXELS);

/** @throws UsageError where it is not installed: it is an optional dependency */
export function openSharp(): Promise<Sharp> {
  return (loading ??= load());
}

async function load(): Promise<Sharp> {
  try {
    const { default: sharp } = await import('sharp');
    // Many images are checked at once, so threads for a single one would only get in each other's way.
    sharp.concurrency(1);
    // No image comes twice: what libvips would keep of the last ones is never used.
    sharp.cache(false);
    return sharp;
  } catch (error) {
    throw new UsageError(
      'sharp, which decodes images, cannot be loaded',
      'install it on this machine: npm install sharp; checks up to --image-check structure, and limits such as --max-pixels, do without',
      error,
    );
  }
}

/** Whose pixels lie there as they are: their walk has proved all that there is. */
const UNCODED: ReadonlySet<ImageFormat | undefined> = new Set(['bmp', 'ico']);
/** What only a libvips reads that was built for it. */
const SELDOM_READ: Readonly<Partial<Record<ImageFormat, string>>> = {
  heic: 'HEIC',
  jxl: 'JPEG XL',
  bmp: 'BMP',
  ico: 'ICO',
};

/** After `structure`, which says how large a body may be. */
export const pixels: Step = {
  most: structure.most,
  refuse: structure.refuse,
  prepare: openSharp,
  apply: async (made) => {
    await checkPixels(made.bytes);
    return made;
  },
};

/**
 * Decodes every pixel of every frame. It finds what no walk over the blocks can, damage in the compressed data, but
 * not every cut: `checkStructure` has to come before, which also bounds each frame. libvips lets pass a GIF's frame
 * that is short of pixels and damage in the last 8 lines of a JPEG; and a changed bit that decodes to another colour
 * is nothing that anyone could see in a format without checksums.
 *
 * Runs on libuv's threads, since sharp has no synchronous call.
 *
 * @param bytes the decoded body; may lie on a SharedArrayBuffer, and must not change before the answer
 * @throws {SluiceError} BODY_IMAGE; UsageError when sharp cannot be loaded
 */
export async function checkPixels(bytes: Uint8Array): Promise<void> {
  const format = formatOf(bytes);
  if (UNCODED.has(format)) return;
  const sharp = await openSharp();
  // `warning` because libjpeg reports damaged data as no more than that.
  const options = { failOn: 'warning', limitInputPixels: MAX_TOTAL_PIXELS } as const;
  try {
    // Pages of a TIFF are of different sizes, which is no film to libvips.
    if (format === 'tiff') {
      const { pages = 1 } = await sharp(bytes, options).metadata();
      for (let page = 0; page < pages; page += 1) await decodeAll(sharp(bytes, { ...options, page }));
    } else {
      await decodeAll(sharp(bytes, { ...options, pages: -1 }));
    }
  } catch (error) {
    throw undecodable(format, error);
  }
}

async function decodeAll(image: ReturnType<Sharp>): Promise<void> {
  const { width, height, pageHeight = height } = await image.metadata();
  // Decoders work line by line, so the first column takes all pixels and keeps almost none. `stats` has the same end
  // at eight times the cost, and `resize` lets JPEG and WebP leave out what it does not need.
  const column = image.extract({ left: 0, top: 0, width: 1, height: pageHeight }).raw();
  await decoding.within(width * pageHeight, () => column.toBuffer());
}

export function undecodable(format: ImageFormat | undefined, error: unknown): Error {
  const reason = error instanceof Error ? error.message.trim().replaceAll(/\s+/g, ' ') : 'unknown';
  const name = format && SELDOM_READ[format];
  if (name === undefined) return imageError(`the image does not decode: ${reason}`, { cause: error });
  return imageError(`the image does not decode: it is ${name}, which sharp does not read here: ${reason}`, {
    hint: '--image-check structure proves that it is whole without decoding it; stored as it is it can be converted elsewhere',
    cause: error,
  });
}

/**
 * Renders an SVG as a GIF, for the flags server.
 *
 * @param width pixels; the height follows
 */
export async function renderGif(svg: Buffer, width: number): Promise<Buffer> {
  const sharp = await openSharp();
  return sharp(svg).resize({ width }).gif().toBuffer();
}
