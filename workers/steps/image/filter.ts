/** Images that a run does not want, known by their headers. */
import { SluiceError } from '../../../src/errors.js';
import type { ImageFilter } from '../../../src/protocol/images.js';
import type { Size } from './size.js';

const HINT = 'it is left out as the run was asked to: change the bound to have it';

/** The same whichever way an image is turned. @throws SluiceError IMAGE_SMALL, IMAGE_LARGE or IMAGE_NARROW */
export function filterImage({ width, height }: Size, { minSize, maxPixels, maxAspectRatio }: ImageFilter): void {
  const [shorter, longer] = width < height ? [width, height] : [height, width];
  const size = `${width} x ${height} pixels`;
  if (shorter < minSize) {
    throw new SluiceError('IMAGE_SMALL', `image too small: ${size}, and --min-size is ${minSize}`, { hint: HINT });
  }
  if (width * height > maxPixels) {
    const message = `image area too large: ${size}, and --max-pixels is ${maxPixels}`;
    throw new SluiceError('IMAGE_LARGE', message, { hint: HINT });
  }
  if (longer > maxAspectRatio * shorter) {
    const message = `aspect ratio too large: ${size}, and --max-aspect-ratio is ${maxAspectRatio}`;
    throw new SluiceError('IMAGE_NARROW', message, { hint: HINT });
  }
}
