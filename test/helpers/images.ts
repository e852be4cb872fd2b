/** Images made for the tests: real ones by sharp, and bombs made by hand. */

import { Buffer } from 'node:buffer';
import { crc32, deflateSync } from 'node:zlib';

import sharp from 'sharp';

import type { ImageInfo } from '../../workers/steps/structure.js';
import type { ImageSettings } from '../../src/protocol/images.js';

/** Of a run that asks nothing of images. */
export const NO_IMAGES: ImageSettings = {
  resize: undefined,
  convert: undefined,
  quality: undefined,
  strip: false,
  filter: undefined,
  keepOriginal: false,
};

export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
  readonly info: ImageInfo;
}

const WIDTH = 12;
const HEIGHT = 9;
const FRAMES = 3;

/** Noise that is the same in every run, so that no encoder can leave much out (xorshift32). */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 2463534242;
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** One small image of every kind that sharp can write. */
export async function samples(): Promise<Sample[]> {
  const still = () => sharp(noise(WIDTH * HEIGHT * 3), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  const seeThrough = () => sharp(noise(WIDTH * HEIGHT * 4), { raw: { width: WIDTH, height: HEIGHT, channels: 4 } });
  const animation = () =>
    sharp(noise(WIDTH * HEIGHT * FRAMES * 3), {
      raw: { width: WIDTH, height: HEIGHT * FRAMES, channels: 3, pageHeight: HEIGHT },
    });
  const info = { width: WIDTH, height: HEIGHT, frames: 1 };
  const animated = { ...info, frames: FRAMES };
  const png = await still().png().toBuffer();
  const loud = sharp(noise(64 * 64 * 3), { raw: { width: 64, height: 64, channels: 3 } });
  return [
    { name: 'GIF', bytes: await still().gif().toBuffer(), info: { format: 'gif', ...info } },
    { name: 'animated GIF', bytes: await animation().gif().toBuffer(), info: { format: 'gif', ...animated } },
    { name: 'PNG', bytes: png, info: { format: 'png', ...info } },
    { name: 'indexed PNG', bytes: await still().png({ palette: true }).toBuffer(), info: { format: 'png', ...info } },
    {
      name: 'interlaced PNG with alpha',
      bytes: await seeThrough().png({ progressive: true }).toBuffer(),
      info: { format: 'png', ...info },
    },
    { name: 'animated PNG', bytes: animatedPng(png, FRAMES), info: { format: 'png', ...animated } },
    { name: 'JPEG', bytes: await still().jpeg().toBuffer(), info: { format: 'jpeg', ...info } },
    {
      name: 'progressive JPEG with Exif',
      bytes: await still()
        .jpeg({ progressive: true })
        .withExif({ IFD0: { Artist: 'sluice' } })
        .toBuffer(),
      info: { format: 'jpeg', ...info },
    },
    {
      name: 'JPEG with many FF in its scan',
      bytes: await loud.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
      info: { format: 'jpeg', width: 64, height: 64, frames: 1 },
    },
    { name: 'WebP', bytes: await still().webp().toBuffer(), info: { format: 'webp', ...info } },
    {
      name: 'lossless WebP',
      bytes: await still().webp({ lossless: true }).toBuffer(),
      info: { format: 'webp', ...info },
    },
    {
      name: 'WebP with alpha and Exif',
      bytes: await seeThrough()
        .webp()
        .withExif({ IFD0: { Artist: 'sluice' } })
        .toBuffer(),
      info: { format: 'webp', ...info },
    },
    { name: 'animated WebP', bytes: await animation().webp().toBuffer(), info: { format: 'webp', ...animated } },
  ];
}

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
export const PNG_END = pngChunk('IEND', Buffer.alloc(0));

/** A header for 8 bits a sample of the given colour type: greyscale, or 3 for a palette. */
export function pngHeader(width: number, height: number, colourType = 0): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data[8] = 8;
  data[9] = colourType;
  return pngChunk('IHDR', data);
}

/** A whole PNG of any size in few bytes: its image data is much shorter than its header says. */
export function pngBomb(width: number, height: number): Buffer {
  const data = pngChunk('IDAT', deflateSync(Buffer.alloc(1000)));
  return Buffer.concat([PNG_SIGNATURE, pngHeader(width, height), data, PNG_END]);
}

/** The frame control chunk of an animation; only its number is of interest here. */
function frameControl(sequence: number): Buffer {
  const data = Buffer.alloc(26);
  data.writeUInt32BE(sequence, 0);
  return pngChunk('fcTL', data);
}

/** A PNG that announces an animation and has the frame controls for `frames` of it. */
export function animatedPng(png: Uint8Array, frames: number, announced = frames): Buffer {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(announced, 0);
  const headerEnd = 8 + 25;
  return Buffer.concat([
    png.subarray(0, headerEnd),
    pngChunk('acTL', control),
    ...Array.from({ length: frames }, (_, index) => frameControl(index)),
    png.subarray(headerEnd),
  ]);
}

/** A GIF without colour tables, whose frames hold one byte of data each. */
export function gif(screen: { width: number; height: number }, frames: { width: number; height: number }[]): Buffer {
  const header = Buffer.alloc(13);
  header.write('GIF89a', 'latin1');
  header.writeUInt16LE(screen.width, 6);
  header.writeUInt16LE(screen.height, 8);
  const blocks = frames.map(({ width, height }) => {
    const block = Buffer.from([0x2c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0x4c, 0]);
    block.writeUInt16LE(width, 5);
    block.writeUInt16LE(height, 7);
    return block;
  });
  return Buffer.concat([header, ...blocks, Buffer.from([0x3b])]);
}

/** A GIF of one colour that decodes, with the same frame over and over. */
export async function longGif(width: number, height: number, frames: number): Promise<Buffer> {
  const create = { width, height, channels: 3, background: 'teal' } as const;
  const one = await sharp({ create }).gif().toBuffer();
  const tableEnd = 13 + (3 << ((one[10]! & 7) + 1));
  const blocks = Array<Buffer>(frames).fill(one.subarray(tableEnd, -1));
  return Buffer.concat([one.subarray(0, tableEnd), ...blocks, one.subarray(-1)]);
}

/** A JPEG of the given size: a frame header and a scan of one byte. */
export function jpeg(width: number, height: number, scan: number[] = [0x12]): Buffer {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  const head = Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), frame, head, Buffer.from([...scan, 0xff, 0xd9])]);
}

export function webpChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(8 + data.length + (data.length % 2));
  chunk.write(type, 0, 'latin1');
  chunk.writeUInt32LE(data.length, 4);
  chunk.set(data, 8);
  return chunk;
}

export function webp(...chunks: Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP'), ...chunks]);
  const header = Buffer.from('RIFF....');
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** The VP8X chunk of an animation or a still image. */
export function webpCanvas(width: number, height: number, animated: boolean): Buffer {
  const data = Buffer.alloc(10);
  data[0] = animated ? 2 : 0;
  data.writeUIntLE(width - 1, 4, 3);
  data.writeUIntLE(height - 1, 7, 3);
  return webpChunk('VP8X', data);
}

/** The header of lossless data, which is all that is looked at. */
export function webpLossless(width: number, height: number): Buffer {
  const data = Buffer.alloc(6);
  data[0] = 0x2f;
  data.writeUInt32LE((((height - 1) << 14) | (width - 1)) >>> 0, 1);
  return webpChunk('VP8L', data);
}

/** A frame at the place left, top (in steps of two pixels) of an animation. */
export function webpFrame(left: number, top: number, width: number, height: number, ...chunks: Uint8Array[]): Buffer {
  const head = Buffer.alloc(16);
  head.writeUIntLE(left, 0, 3);
  head.writeUIntLE(top, 3, 3);
  head.writeUIntLE(width - 1, 6, 3);
  head.writeUIntLE(height - 1, 9, 3);
  return webpChunk('ANMF', Buffer.concat([head, ...chunks]));
}
