/**
 * Makes another image of an image: turned, of another size, in another format. What is right already is passed through as it
 * is, and of a JPEG that becomes smaller no more is decoded than that takes.
 */
import type { ImageFacts } from '../../src/item.js';
import { availableParallelism } from 'node:os';
import { type ImageSettings, remakes, type WrittenFormat } from '../../src/protocol/images.js';
import { countElsewhere } from '../clock.js';
import { Gate } from '../gate.js';
import { MAX_PIXELS } from './image/bounds.js';
import { imageError } from './image/cursor.js';
import { filterImage } from './image/filter.js';
import { hasMetadata, readExif } from './image/exif.js';
import { type Size, sizeFor } from './image/size.js';
import { decoding, openSharp, type Sharp, undecodable } from './pixels.js';
import { MAX_READ_BACK, type Made, type Step } from './step.js';
import { checkStructure, type ImageFormat, type ImageInfo, structure } from './structure.js';

/** What is written again in its own format. */
const WRITABLE: ReadonlySet<ImageFormat> = new Set(['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff']);
/** Those that may have more than one frame, and keep them where both are. */
const ANIMATED: ReadonlySet<ImageFormat> = new Set(['gif', 'webp']);
/** Pixels of all frames that are decoded to be made anew: they are in memory together, unlike those that are only looked at. */
const MAX_REMADE = MAX_PIXELS;
/** Pixels of what is made: encoders keep all of it in memory, up to 6 bytes for each. */
const MAX_MADE = 1 << 26;
/** What a pixel that is made takes, beside one that is decoded. */
const WEIGHT = 4;
const WHITE = '#ffffff';

/** Images that a thread has under way at once: each takes one of libuv's threads, of which storage and names need some. */
const atOnce = new Gate(availableParallelism());

/** Walks the image before all else, which says how large it is. */
export const remake: Step = {
  most: MAX_READ_BACK,
  refuse: structure.refuse,
  prepare: ({ images }) => (images !== undefined && remakes(images) ? openSharp() : undefined),
  apply: (made, { images }) => {
    if (images === undefined) return made;
    const { bytes } = made;
    const info = checkStructure(bytes);
    if (images.filter !== undefined) filterImage(info, images.filter);
    const { orientation, json } = readExif(bytes, info.format);
    const original = orientation > 4 ? { width: info.height, height: info.width } : info;
    const facts: ImageFacts = {
      made: false,
      format: info.format,
      width: original.width,
      height: original.height,
      originalWidth: original.width,
      originalHeight: original.height,
      ...(json !== undefined && { exif: json }),
    };
    const size = images.resize && sizeFor(original, images.resize);
    const format = images.convert ?? info.format;
    const isRight =
      !remakes(images) ||
      (size === undefined &&
        format === info.format &&
        orientation === 1 &&
        !(images.strip && hasMetadata(bytes, info.format)));
    if (isRight) return { ...made, image: facts };
    if (!WRITABLE.has(format)) {
      throw imageError(`a ${format.toUpperCase()} cannot be written again`, {
        hint: 'say what it is to become: --convert jpeg, png, webp or avif',
      });
    }
    return make(bytes, info, images, format as WrittenFormat, size).then((done) => ({
      bytes: done.bytes,
      image: { ...facts, made: true, format, width: done.width, height: done.height },
      cameAs: info.format,
    }));
  },
};

type Done = Pick<Made, 'bytes'> & Size;

async function make(
  bytes: Uint8Array,
  { format: from, width, height, frames }: ImageInfo,
  settings: ImageSettings,
  format: WrittenFormat,
  size: Size | undefined,
): Promise<Done> {
  const animated = frames > 1 && ANIMATED.has(from) && ANIMATED.has(format);
  const pixels = width * height * (animated ? frames : 1);
  const after = size === undefined ? pixels : size.width * size.height * (animated ? frames : 1);
  for (const [count, most] of [
    [pixels, MAX_REMADE],
    [after, MAX_MADE],
  ] as const) {
    if (count <= most) continue;
    throw imageError(`too large to be made anew: ${count} pixels are more than ${most}`, {
      hint: 'leave out such images with --max-pixels, make them smaller, or store them as they are',
    });
  }
  const sharp = await openSharp();
  try {
    return await atOnce.within(1, () =>
      decoding.within(Math.max(pixels, WEIGHT * after), async () => {
        const started = performance.now();
        const image = sharp(bytes, { animated, limitInputPixels: MAX_REMADE });
        const { data, info } = await written(sized(image, settings, size), settings, format).toBuffer({
          resolveWithObject: true,
        });
        countElsewhere(started);
        return { bytes: data, width: info.width, height: info.pageHeight ?? info.height };
      }),
    );
  } catch (error) {
    throw undecodable(from, error);
  }
}

type Image = ReturnType<Sharp>;

/** Turned as its EXIF says before it gets its size. */
function sized(image: Image, { resize }: ImageSettings, size: Size | undefined): Image {
  const turned = image.autoOrient();
  if (resize === undefined || size === undefined) return turned;
  const { mode } = resize;
  if (mode === 'center-crop') return turned.resize(size.width, size.height, { fit: 'cover' });
  if (mode === 'border') return turned.resize(size.width, size.height, { fit: 'contain', background: WHITE });
  return turned.resize(size.width, size.height, { fit: 'fill' });
}

/** Where a format has no transparency, what is behind is white, as img2dataset has it. */
function written(image: Image, { quality, strip }: ImageSettings, format: WrittenFormat): Image {
  const kept = strip ? image : image.keepMetadata();
  const opaque = format === 'jpeg' ? kept.flatten({ background: WHITE }) : kept;
  return opaque.toFormat(format, quality === undefined || format === 'png' ? {} : { quality });
}
