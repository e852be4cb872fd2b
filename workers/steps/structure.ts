/**
 * Proves that a body is a whole image by walking its blocks to the end. Decoders don't: libvips takes a GIF with frames
 * missing and a PNG without its end. Linear, copies nothing, and decodes no pixels; that is `pixels.ts`.
 */

import { Buffer } from 'node:buffer';

import type { Extent } from './image/bounds.js';
import { Cursor, imageError } from './image/cursor.js';
import { walkGif } from './image/gif.js';
import { walkJpeg } from './image/jpeg.js';
import { walkPng } from './image/png.js';
import { walkWebp } from './image/webp.js';
import { MAX_READ_BACK, type Step } from './step.js';

type ImageFormat = 'gif' | 'png' | 'jpeg' | 'webp';

/** What a whole image is: its format, its size in pixels and the number of its frames (1 unless animated). */
export interface ImageInfo extends Extent {
  readonly format: ImageFormat;
}

interface Kind {
  readonly format: ImageFormat;
  readonly name: string;
  /** The first bytes, where a dot stands for any byte. */
  readonly magic: string;
  readonly walk: (cursor: Cursor) => Extent;
}

const KINDS: readonly Kind[] = [
  { format: 'gif', name: 'GIF', magic: 'GIF87a', walk: walkGif },
  { format: 'gif', name: 'GIF', magic: 'GIF89a', walk: walkGif },
  { format: 'png', name: 'PNG', magic: '\x89PNG\r\n\x1a\n', walk: walkPng },
  { format: 'jpeg', name: 'JPEG', magic: '\xff\xd8\xff', walk: walkJpeg },
  { format: 'webp', name: 'WebP', magic: 'RIFF....WEBP', walk: walkWebp },
];

export const structure: Step = {
  most: MAX_READ_BACK,
  refuse: (name) =>
    imageError(`${name} is larger than the ${MAX_READ_BACK} bytes of an image that can be checked`, {
      hint: 'with --image-check none it is stored unseen, if it really is that large',
    }),
  apply: (bytes) => {
    checkStructure(bytes);
    return bytes;
  },
};

/**
 * @param bytes the decoded body; may lie on a SharedArrayBuffer
 * @throws {SluiceError} BODY_IMAGE: no image of these formats, cut or broken (says what and at which byte), or larger
 *   than the bounds in `image/bounds.ts`
 */
export function checkStructure(bytes: Uint8Array): ImageInfo {
  const kind = KINDS.find(({ magic }) => beginsWith(bytes, magic));
  if (kind === undefined) {
    const start = Buffer.from(bytes.subarray(0, 8)).toString('hex');
    throw imageError(
      bytes.length === 0 ? 'no image: the body is empty' : `no GIF, PNG, JPEG or WebP: begins ${start}`,
      {
        hint: 'the server may have sent a page in place of the image; --image-check none stores it unseen',
      },
    );
  }
  return { format: kind.format, ...kind.walk(new Cursor(bytes, kind.name)) };
}

function beginsWith(bytes: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i += 1) {
    if (magic[i] !== '.' && bytes[i] !== magic.charCodeAt(i)) return false;
  }
  return true;
}
