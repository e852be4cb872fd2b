/** One image of each kind that the check knows besides those of `images.ts`: by sharp where it can, else by hand. */
import sharp from 'sharp';
import { animatedPng, type Sample } from './images.js';

const WIDTH = 24;
const HEIGHT = 16;

export interface Kind extends Sample {
  /** Whether sharp reads its pixels, or it has none that are coded. */
  readonly decodes: boolean;
  /** What a message calls it. */
  readonly called: string;
}

export async function kinds(): Promise<Kind[]> {
  const pixels = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, (_, at) => (at * 37) % 251));
  const still = () => sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  const info = { width: WIDTH, height: HEIGHT, frames: 1 };
  const png = await still().png().toBuffer();
  const avif = await still().avif().toBuffer();
  const tiff = await still().tiff({ compression: 'deflate' }).toBuffer();
  const tiles = await still().tiff({ compression: 'none', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer();
  const kind = (format: Kind['info']['format'], called: string, bytes: Buffer, decodes = true, name = called): Kind => {
    return { name, called, bytes, decodes, info: { format, ...info } };
  };
  return [
    kind('jpeg', 'JPEG', await still().jpeg().toBuffer()),
    kind('png', 'PNG', png),
    { ...kind('png', 'PNG', animatedPng(png, 2), true, 'animated PNG'), info: { format: 'png', ...info, frames: 2 } },
    kind('gif', 'GIF', await still().gif().toBuffer()),
    kind('webp', 'WebP', await still().webp().toBuffer()),
    kind('avif', 'AVIF', avif),
    kind('heic', 'HEIC', heicOf(avif), false),
    kind('tiff', 'TIFF', tiff),
    kind('tiff', 'TIFF', tiles, true, 'TIFF in tiles'),
    kind('tiff', 'TIFF', await still().tiff({ compression: 'lzw', bigtiff: true }).toBuffer(), true, 'BigTIFF'),
    kind('bmp', 'BMP', bmp(WIDTH, HEIGHT)),
    kind('bmp', 'BMP', bmp(WIDTH, -HEIGHT), true, 'BMP from the top'),
    kind('ico', 'ICO', icon([icoBitmap(WIDTH, HEIGHT)])),
    kind('ico', 'ICO', icon([icoBitmap(8, 8), png]), true, 'ICO with a PNG'),
    kind('svg', 'SVG', svg(WIDTH, HEIGHT)),
    kind('jxl', 'JPEG XL', jxl(WIDTH, HEIGHT), false),
  ];
}

/** An AVIF that says it is HEIC: the boxes are the same. */
function heicOf(avif: Buffer): Buffer {
  const text = avif.toString('latin1').replace('ftypavif', 'ftypheic').replace('mif1avifmiaf', 'mif1heicmiaf');
  return Buffer.from(text.replace('av01', 'hvc1').replace('av1C', 'hvcC'), 'latin1');
}

/** Of 24 bits a pixel. @param height below 0 for one whose first row is the upper one */
export function bmp(width: number, height: number, data = 4 * Math.ceil((width * 3) / 4) * Math.abs(height)): Buffer {
  const bytes = Buffer.alloc(54 + data, 0x7f);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(0, 6);
  bytes.writeUInt32LE(54, 10);
  bitmapHeader(width, height, 24).copy(bytes, 14);
  return bytes;
}

function bitmapHeader(width: number, height: number, depth: number): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40, 0);
  header.writeInt32LE(width, 4);
  header.writeInt32LE(height, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(depth, 14);
  return header;
}

/** A picture of an icon without its mask. */
export function icoBitmap(width: number, height: number): Buffer {
  return Buffer.concat([bitmapHeader(width, 2 * height, 32), Buffer.alloc(4 * width * height, 0x55)]);
}

export function icon(pictures: readonly Buffer[]): Buffer {
  const directory = Buffer.alloc(6 + 16 * pictures.length);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(pictures.length, 4);
  let at = directory.length;
  for (const [entry, { length }] of pictures.entries()) {
    directory.writeUInt32LE(length, 6 + 16 * entry + 8);
    directory.writeUInt32LE(at, 6 + 16 * entry + 12);
    at += length;
  }
  return Buffer.concat([directory, ...pictures]);
}

export function svg(width: number, height: number): Buffer {
  return Buffer.from(
    `<?xml version="1.0"?>\n<!-- <svg> --><!DOCTYPE svg [<!ENTITY a "b">]>\n<svg xmlns="http://www.w3.org/2000/svg" ` +
      `width="${width}" height='${height}px'><title a=">">a<![CDATA[</svg>]]></title><rect width="9" height="9"/></svg>`,
  );
}

function box(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + data.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, data]);
}

/** The size header of a codestream, and bytes that stand for the rest. */
export function jxlCodestream(width: number, height: number): Buffer {
  let bits = '';
  const add = (value: number, count: number): void => {
    for (let at = 0; at < count; at += 1) bits += (Math.floor(value / 2 ** at) & 1).toString();
  };
  add(0, 1);
  for (const [at, side] of [height, width].entries()) {
    if (at === 1) add(0, 3);
    add(3, 2);
    add(side - 1, 30);
  }
  const bytes = (bits.padEnd(96, '0').match(/.{8}/g) ?? []).map((byte) =>
    parseInt(Array.from(byte).toReversed().join(''), 2),
  );
  return Buffer.from([0xff, 0x0a, ...bytes]);
}

export function jxl(width: number, height: number): Buffer {
  const codestream = jxlCodestream(width, height);
  const [first, last] = [Buffer.alloc(4), Buffer.from([0x80, 0, 0, 1])];
  return Buffer.concat([
    box('JXL ', Buffer.from('\r\n\x87\n', 'latin1')),
    box('ftyp', Buffer.from('jxl \0\0\0\0jxl ', 'latin1')),
    box('jxlp', Buffer.concat([first, codestream.subarray(0, 12)])),
    box('jxlp', Buffer.concat([last, codestream.subarray(12)])),
  ]);
}
