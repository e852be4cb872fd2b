/**
 * Proves that a body is a whole image by walking its blocks to the end. Decoders don't: libvips takes a GIF with frames
 * missing and a PNG without its end. Linear, copies nothing, and decodes no pixels; that is `pixels.ts`.
 */

import { Buffer } from 'node:buffer';

import type { Extent } from './image/bounds.js';
import { Cursor, imageError } from './image/cursor.js';
import { isBmp, walkBmp } from './image/bmp.js';
import { walkGif } from './image/gif.js';
import { heifKind, walkHeif } from './image/heif.js';
import { walkIco } from './image/ico.js';
import { walkJpeg } from './image/jpeg.js';
import { refuseCodestream, walkJxl } from './image/jxl.js';
import { walkPng } from './image/png.js';
import { isSvg, walkSvg } from './image/svg.js';
import { walkTiff } from './image/tiff.js';
import { walkWebp } from './image/webp.js';
import { MAX_READ_BACK, type Step } from './step.js';

export type ImageFormat = 'gif' | 'png' | 'jpeg' | 'webp' | 'avif' | 'heic' | 'tiff' | 'bmp' | 'ico' | 'svg' | 'jxl';

/** What a whole image is: its format, its size in pixels and the number of its frames (1 unless animated, or of pages). */
export interface ImageInfo extends Extent {
  readonly format: ImageFormat;
}

interface Kind {
  readonly format: ImageFormat;
  readonly name: string;
  /** The first bytes, where a dot stands for any byte; or what tells by them. */
  readonly magic: string | ((bytes: Uint8Array) => boolean);
  readonly walk: (cursor: Cursor) => Extent;
}

/** What a file's name or its Content-Type says does not matter. */
const KINDS: readonly Kind[] = [
  { format: 'jpeg', name: 'JPEG', magic: '\xff\xd8\xff', walk: walkJpeg },
  { format: 'png', name: 'PNG', magic: '\x89PNG\r\n\x1a\n', walk: walkPng },
  { format: 'gif', name: 'GIF', magic: 'GIF87a', walk: walkGif },
  { format: 'gif', name: 'GIF', magic: 'GIF89a', walk: walkGif },
  { format: 'webp', name: 'WebP', magic: 'RIFF....WEBP', walk: walkWebp },
  { format: 'avif', name: 'AVIF', magic: (bytes) => heifKind(bytes) === 'avif', walk: walkHeif },
  { format: 'heic', name: 'HEIC', magic: (bytes) => heifKind(bytes) === 'heic', walk: walkHeif },
  { format: 'tiff', name: 'TIFF', magic: 'II*\0', walk: walkTiff },
  { format: 'tiff', name: 'TIFF', magic: 'MM\0*', walk: walkTiff },
  { format: 'tiff', name: 'TIFF', magic: 'II+\0\x08\0\0\0', walk: walkTiff },
  { format: 'tiff', name: 'TIFF', magic: 'MM\0+\0\x08\0\0', walk: walkTiff },
  { format: 'jxl', name: 'JPEG XL', magic: '\0\0\0\x0cJXL \r\n\x87\n', walk: walkJxl },
  { format: 'jxl', name: 'JPEG XL', magic: '\xff\x0a', walk: refuseCodestream },
  { format: 'bmp', name: 'BMP', magic: isBmp, walk: walkBmp },
  { format: 'ico', name: 'ICO', magic: '\0\0\x01\0', walk: walkIco },
  { format: 'ico', name: 'CUR', magic: '\0\0\x02\0', walk: walkIco },
  { format: 'svg', name: 'SVG', magic: isSvg, walk: walkSvg },
];

export const structure: Step = {
  most: MAX_READ_BACK,
  refuse: (name) =>
    imageError(`${name} is larger than the ${MAX_READ_BACK} bytes of an image that can be checked`, {
      hint: 'with --image-check none it is stored unseen, if it really is that large',
    }),
  apply: (made) => {
    checkStructure(made.bytes);
    return made;
  },
};

/**
 * @param bytes the decoded body; may lie on a SharedArrayBuffer
 * @throws {SluiceError} BODY_IMAGE: no image of these formats, cut or broken (says what and at which byte), or larger
 *   than the bounds in `image/bounds.ts`
 */
export function checkStructure(bytes: Uint8Array): ImageInfo {
  const kind = kindOf(bytes);
  if (kind === undefined) {
    const start = Buffer.from(bytes.subarray(0, 8)).toString('hex');
    throw imageError(bytes.length === 0 ? 'no image: the body is empty' : `no image of a known kind: begins ${start}`, {
      hint: 'the server may have sent a page in place of the image; --image-check none stores it unseen',
    });
  }
  return { format: kind.format, ...kind.walk(new Cursor(bytes, kind.name)) };
}

/** By its first bytes; undefined for what is no image of a known kind. */
export function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  return kindOf(bytes)?.format;
}

function kindOf(bytes: Uint8Array): Kind | undefined {
  return KINDS.find(({ magic }) => (typeof magic === 'string' ? beginsWith(bytes, magic) : magic(bytes)));
}

function beginsWith(bytes: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i += 1) {
    if (magic[i] !== '.' && bytes[i] !== magic.charCodeAt(i)) return false;
  }
  return true;
}
