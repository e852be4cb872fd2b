/** How large an image may be. A bomb is small as a file and huge as pixels, so its headers are where to stop it. */

import { type Cursor, imageError } from './cursor.js';

/** The most pixels of one frame (16,383 x 16,383): sharp's own default of `limitInputPixels`. */
export const MAX_PIXELS = 0x3fff * 0x3fff;

/** The most frames of an animation: at 25 a second, more than three minutes. */
export const MAX_FRAMES = 5_000;

/** The most pixels of all frames together, each as large as the canvas: what a viewer has to compute. */
export const MAX_TOTAL_PIXELS = 4 * MAX_PIXELS;

/** The size of an image: pixels of its canvas, and how often that is painted. */
export interface Extent {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/**
 * Refuses an image without pixels and one that is larger than the bounds. To be called as soon as an extent is known,
 * and again as it grows, so that a bomb is not walked to its end.
 */
export function checkBounds(cursor: Cursor, { width, height, frames }: Extent): void {
  const pixels = width * height;
  if (pixels === 0) cursor.fail(`an image of ${width} x ${height} pixels`);
  if (pixels > MAX_PIXELS) {
    throw bomb(cursor, `${width} x ${height} pixels are more than the ${MAX_PIXELS} allowed`);
  }
  if (frames > MAX_FRAMES) throw bomb(cursor, `more than the ${MAX_FRAMES} frames allowed`);
  if (pixels * frames > MAX_TOTAL_PIXELS) {
    const size = `${frames} frames of ${width} x ${height} pixels`;
    throw bomb(cursor, `${size} are more than the ${MAX_TOTAL_PIXELS} pixels allowed`);
  }
}

function bomb(cursor: Cursor, problem: string): Error {
  return imageError(`${cursor.format} too large: ${problem} (at byte ${cursor.at})`, {
    hint: 'with --image-check none it is stored unseen, if it really is that large',
  });
}
