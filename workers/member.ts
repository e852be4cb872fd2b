/**
 * What a shard holds of an item: the members `KEY.EXT`, its body, perhaps `KEY.original.EXT`, the image that this was made of,
 * `KEY.json`, its description, and perhaps `KEY.txt`, its caption.
 */
import { createHash } from 'node:crypto';
import { extensionOf } from '../src/protocol/images.js';
import type { Description } from '../src/protocol/tar.js';
import type { StoredFile } from '../src/protocol/result.js';
import type { Original } from './originals.js';
import type { Shard } from './shard.js';
import { memberKey } from './shard-name.js';
import { BLOCK_SIZE, header, padded } from './ustar.js';

/** A body on its way into a shard. */
export interface Packed {
  readonly id: number;
  readonly name: string;
  readonly description: Description;
}

export function addDescription(shard: Shard, { description }: Packed, text: Buffer, mtime: number): void {
  shard.append(header({ name: `${memberKey(description.index)}.json`, size: text.length, mtime }));
  shard.append(text);
  shard.pad(BLOCK_SIZE);
  if (description.caption === undefined) return;
  const caption = Buffer.from(description.caption);
  shard.append(header({ name: `${memberKey(description.index)}.txt`, size: caption.length, mtime }));
  shard.append(caption);
  shard.pad(BLOCK_SIZE);
}

/** Bytes that all of an item takes besides its body. @param text its description */
export function sizeBesides({ description: { caption } }: Packed, text: Buffer, original?: Original): number {
  const kept = original === undefined ? 0 : BLOCK_SIZE + padded(original.bytes.length);
  const size = 2 * BLOCK_SIZE + padded(text.length) + kept;
  return caption === undefined ? size : size + BLOCK_SIZE + padded(Buffer.byteLength(caption));
}

/** Bytes that what is known of an image takes in a description, at the most. */
export const MOST_FACTS = 32 << 10;

/** Sizes and EXIF of an image are called as img2dataset calls them. */
export function describe(
  { name, description: { url, headers, unproven } }: Packed,
  { size, image }: Pick<StoredFile, 'size' | 'image'>,
  sha256: string,
  original?: Original,
): Buffer {
  const facts = image && {
    width: image.width,
    height: image.height,
    original_width: image.originalWidth,
    original_height: image.originalHeight,
    format: image.format,
    ...(image.exif !== undefined && { exif: image.exif }),
    ...(original && { original: { size: original.bytes.length, sha256: sha256Of(original.bytes) } }),
  };
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) fields[headers[i] as string] = headers[i + 1] as string;
  return Buffer.from(
    `${JSON.stringify({ url, name, status: 200, headers: fields, size, sha256, unproven, ...facts })}\n`,
  );
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The member between the body and its description, which tells that it is there. */
export function addOriginal(shard: Shard, { name, bytes }: Original, mtime: number): void {
  shard.append(header({ name, size: bytes.length, mtime }));
  shard.append(bytes);
  shard.pad(BLOCK_SIZE);
}

export function originalMember({ description }: Packed, format: string): string {
  return `${memberKey(description.index)}.original.${extensionOf(format)}`;
}

export function memberName({ name, description }: Packed): string {
  const [, extension = 'bin'] = /\.([a-z0-9]{1,16})$/.exec(name.toLowerCase()) ?? [];
  // `KEY.json` is the description, and `KEY.txt` the caption.
  const isTaken = extension === 'json' || (extension === 'txt' && description.caption !== undefined);
  return `${memberKey(description.index)}.${isTaken ? `body.${extension}` : extension}`;
}

export function timeOf({ description: { headers } }: Packed, otherwise: number): number {
  const at = headers.indexOf('last-modified');
  const time = at === -1 ? NaN : Date.parse(headers[at + 1] as string);
  return Number.isNaN(time) ? otherwise : Math.floor(time / 1000);
}
