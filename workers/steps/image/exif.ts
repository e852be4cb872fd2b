/** EXIF (CIPA DC-008), found without decoding a pixel and read as far as it makes sense: what is broken in it is left out. */
import { Buffer } from 'node:buffer';
import type { ImageFormat } from '../structure.js';
import { heifExif } from './heif-items.js';

interface Exif {
  /** 1 to 8: how the image has to be turned to be seen upright. */
  readonly orientation: number;
  /** What else it says, as JSON; undefined if that is nothing. */
  readonly json: string | undefined;
}

const NONE: Exif = { orientation: 1, json: undefined };
const ORIENTATION = 0x0112;
/** Formats that say by themselves how the image is turned, and whose decoders turn it: EXIF is not asked (ISO/IEC 23008-12, 6.5.10). */
const TURNED: ReadonlySet<ImageFormat> = new Set(['avif', 'heic']);
/** Tags that lead to other directories. */
const INNER: Readonly<Record<number, string>> = { 0x8769: 'exif', 0x8825: 'gps' };
/** Numbers of one value, characters of a text, and characters of all, at the most. */
const MAX_VALUES = 16;
const MAX_TEXT = 500;
const MAX_JSON = 8_000;
const MAX_ENTRIES = 500;

const NAMES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  image: {
    0x010e: 'ImageDescription',
    0x010f: 'Make',
    0x0110: 'Model',
    [ORIENTATION]: 'Orientation',
    0x011a: 'XResolution',
    0x011b: 'YResolution',
    0x0128: 'ResolutionUnit',
    0x0131: 'Software',
    0x0132: 'DateTime',
    0x013b: 'Artist',
    0x8298: 'Copyright',
  },
  exif: {
    0x829a: 'ExposureTime',
    0x829d: 'FNumber',
    0x8822: 'ExposureProgram',
    0x8827: 'ISOSpeedRatings',
    0x9003: 'DateTimeOriginal',
    0x9004: 'DateTimeDigitized',
    0x9010: 'OffsetTime',
    0x9011: 'OffsetTimeOriginal',
    0x9201: 'ShutterSpeedValue',
    0x9202: 'ApertureValue',
    0x9203: 'BrightnessValue',
    0x9204: 'ExposureBiasValue',
    0x9205: 'MaxApertureValue',
    0x9207: 'MeteringMode',
    0x9208: 'LightSource',
    0x9209: 'Flash',
    0x920a: 'FocalLength',
    0xa001: 'ColorSpace',
    0xa002: 'ExifImageWidth',
    0xa003: 'ExifImageLength',
    0xa402: 'ExposureMode',
    0xa403: 'WhiteBalance',
    0xa404: 'DigitalZoomRatio',
    0xa405: 'FocalLengthIn35mmFilm',
    0xa406: 'SceneCaptureType',
    0xa430: 'CameraOwnerName',
    0xa431: 'BodySerialNumber',
    0xa432: 'LensSpecification',
    0xa433: 'LensMake',
    0xa434: 'LensModel',
  },
  gps: {
    1: 'GPSLatitudeRef',
    2: 'GPSLatitude',
    3: 'GPSLongitudeRef',
    4: 'GPSLongitude',
    5: 'GPSAltitudeRef',
    6: 'GPSAltitude',
    7: 'GPSTimeStamp',
    16: 'GPSImgDirectionRef',
    17: 'GPSImgDirection',
    29: 'GPSDateStamp',
  },
};

/** Of an image that is whole. */
export function readExif(bytes: Uint8Array, format: ImageFormat): Exif {
  const block = BLOCKS[format]?.(bytes).exif;
  if (block === undefined) return NONE;
  const tags: Record<string, unknown> = {};
  try {
    new ExifBlock(block).read(tags);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const told = TURNED.has(format) ? 1 : tags['Orientation'];
  const orientation = typeof told === 'number' && told >= 1 && told <= 8 ? told : 1;
  const json = Object.keys(tags).length === 0 ? undefined : JSON.stringify(tags);
  return { orientation, json: json !== undefined && json.length > MAX_JSON ? undefined : json };
}

/** Whether there is anything in it besides the image; for formats that nobody looks into, yes. */
export function hasMetadata(bytes: Uint8Array, format: ImageFormat): boolean {
  return BLOCKS[format]?.(bytes).any ?? true;
}

interface Blocks {
  readonly exif: Uint8Array | undefined;
  readonly any: boolean;
}

const BLOCKS: Readonly<Partial<Record<ImageFormat, (bytes: Uint8Array) => Blocks>>> = {
  jpeg: (bytes) => {
    let exif: Uint8Array | undefined;
    let any = false;
    for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
      const marker = bytes[at + 1] as number;
      if (marker === 0xff) {
        at += 1;
        continue;
      }
      if (marker === 0xda || marker === 0xd9) break;
      const end = at + 2 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
      // APP0 is JFIF, and Adobe's own says how colours are coded.
      if ((marker > 0xe0 && marker < 0xee) || marker === 0xef || marker === 0xfe) any = true;
      if (marker === 0xe1 && exif === undefined && latin(bytes, at + 4, 6) === 'Exif\0\0') {
        exif = bytes.subarray(at + 10, end);
      }
      at = end;
    }
    return { exif, any };
  },
  png: (bytes) => {
    let exif: Uint8Array | undefined;
    let any = false;
    for (let at = 8; at + 8 <= bytes.length;) {
      const length = Buffer.from(bytes.buffer, bytes.byteOffset + at, 4).readUInt32BE();
      const type = latin(bytes, at + 4, 4);
      if (type === 'IEND') break;
      if (type === 'eXIf') exif = bytes.subarray(at + 8, at + 8 + length);
      if (['eXIf', 'iCCP', 'tEXt', 'zTXt', 'iTXt'].includes(type)) any = true;
      at += 12 + length;
    }
    return { exif, any };
  },
  webp: (bytes) => {
    let exif: Uint8Array | undefined;
    let any = false;
    for (let at = 12; at + 8 <= bytes.length;) {
      const length = Buffer.from(bytes.buffer, bytes.byteOffset + at + 4, 4).readUInt32LE();
      const type = latin(bytes, at, 4);
      if (type === 'EXIF') {
        const from = latin(bytes, at + 8, 6) === 'Exif\0\0' ? at + 14 : at + 8;
        exif = bytes.subarray(from, at + 8 + length);
      }
      if (type === 'EXIF' || type === 'XMP ' || type === 'ICCP') any = true;
      at += 8 + length + (length % 2);
    }
    return { exif, any };
  },
  tiff: (bytes) => ({ exif: bytes, any: true }),
  gif: () => ({ exif: undefined, any: false }),
  avif: (bytes) => ({ exif: heifExif(bytes), any: true }),
  heic: (bytes) => ({ exif: heifExif(bytes), any: true }),
};

function latin(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** A directory as in a TIFF, and those that it leads to. What lies outside is a RangeError of the view. */
class ExifBlock {
  readonly #view: DataView;
  readonly #little: boolean;
  #entries = 0;

  constructor(block: Uint8Array) {
    this.#view = new DataView(block.buffer, block.byteOffset, block.length);
    this.#little = this.#view.getUint8(0) === 0x49;
  }

  read(tags: Record<string, unknown>): void {
    if (this.#view.getUint16(2, this.#little) !== 42) return;
    this.#directory(this.#view.getUint32(4, this.#little), 'image', tags);
  }

  #directory(at: number, kind: string, tags: Record<string, unknown>): void {
    const count = this.#view.getUint16(at, this.#little);
    const inner: [number, string][] = [];
    for (let entry = at + 2; entry < at + 2 + 12 * count; entry += 12) {
      this.#entries += 1;
      if (this.#entries > MAX_ENTRIES) return;
      const tag = this.#view.getUint16(entry, this.#little);
      const leadsTo = kind === 'image' ? INNER[tag] : undefined;
      if (leadsTo !== undefined) inner.push([this.#view.getUint32(entry + 8, this.#little), leadsTo]);
      const name = NAMES[kind]?.[tag];
      const value = name === undefined ? undefined : this.#value(entry);
      if (name !== undefined && value !== undefined) tags[name] = value;
    }
    for (const [from, of] of inner) this.#directory(from, of, tags);
  }

  #value(entry: number): unknown {
    const type = this.#view.getUint16(entry + 2, this.#little);
    const count = this.#view.getUint32(entry + 4, this.#little);
    const size = [0, 1, 1, 2, 4, 8, 1, 0, 2, 4, 8][type] ?? 0;
    if (size === 0 || count === 0) return undefined;
    const from = size * count <= 4 ? entry + 8 : this.#view.getUint32(entry + 8, this.#little);
    if (type === 2) return this.#text(from, count);
    if (count > MAX_VALUES) return undefined;
    const values = Array.from({ length: count }, (_, index) => this.#number(from + size * index, type));
    return count === 1 ? values[0] : values;
  }

  #text(from: number, count: number): string {
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + from, Math.min(count, MAX_TEXT));
    if (from + bytes.length > this.#view.byteLength) throw new RangeError('a text beyond its block');
    return Buffer.from(bytes).toString('utf8').replace(/\0.*$/s, '').trim();
  }

  #number(at: number, type: number): number | null {
    const [view, little] = [this.#view, this.#little];
    switch (type) {
      case 3:
        return view.getUint16(at, little);
      case 4:
        return view.getUint32(at, little);
      case 5:
        return ratio(view.getUint32(at, little), view.getUint32(at + 4, little));
      case 8:
        return view.getInt16(at, little);
      case 9:
        return view.getInt32(at, little);
      case 10:
        return ratio(view.getInt32(at, little), view.getInt32(at + 4, little));
      default:
        return type === 6 ? view.getInt8(at) : view.getUint8(at);
    }
  }
}

/** JSON has no other numbers. */
function ratio(upper: number, lower: number): number | null {
  return lower === 0 ? null : upper / lower;
}
