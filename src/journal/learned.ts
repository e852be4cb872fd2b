/**
 * What a run learned of an item besides what is stored, as bytes of its record: 34 and those of four texts and of a checksum.
 * What is known of few items comes after that, as JSON: see {@link Rest}.
 */
import { Buffer } from 'node:buffer';
import { CHECKSUM_ALGORITHMS, type Checksum, type ImageFacts, type SameFile } from '../item.js';
import type { Answer, Times } from '../outcome.js';

/** What a run learned of an item on its way: written before what became of it. */
export interface Learned {
  /** Undefined where no server answered. */
  readonly answer: Answer | undefined;
  readonly times: Times;
  /** How often it was requested; 0 for what was there before any run. */
  readonly tries: number;
  /** Of what is stored. */
  readonly checksum: Checksum | undefined;
  /** Of what is stored, where the run looked at images. */
  readonly image?: ImageFacts | undefined;
  /** Another file with the same bytes, where the run looked for such. */
  readonly same?: SameFile | undefined;
}

/** What ends the record. Alone, what is known of an image is not put into another object: older builds wrote nothing else. */
type Rest = ImageFacts | Pick<Learned, 'image' | 'same'>;

/** The same with the item's URL: where that is what was answered for, it is not written once more. */
export interface LearnedOf extends Learned {
  readonly url: string;
}

/** Of an item that a run which was killed has stored: when it was asked for, and how often, nobody knows. */
export function learnedLater(url: string, known: Partial<Pick<Learned, 'answer' | 'checksum' | 'same'>>): LearnedOf {
  const times = { asked: Date.now(), answered: undefined, fetched: undefined, stored: undefined };
  return { url, answer: undefined, times, tries: 0, checksum: undefined, ...known };
}

/** Characters that are kept of a header: of those that matter, none that makes sense is longer. */
const MAX_HEADER = 1000;
const FIXED = 2 + 1 + 8 + 3 * 4 + 4 + 3 * 2 + 1;
/** Of a checksum. */
const MAX_BYTES = 64;
const BYTES = { sha256: 32, sha1: 20, sha512: 64, md5: 16 } as const;
/** In place of a time that is not known. */
const NEVER = 0xffff_ffff;

/** Bytes that it takes at the most. */
export function learnedSize(learned: Learned): number {
  const { answer } = learned;
  const rest = restOf(learned);
  const more = rest === undefined ? 0 : Buffer.byteLength(JSON.stringify(rest));
  return FIXED + MAX_BYTES + more + (answer === undefined ? 0 : answer.url.length + 3 * MAX_HEADER);
}

/** @returns where it ends */
export function writeLearned(bytes: Buffer, from: number, learned: LearnedOf): number {
  const { answer, times, tries, checksum } = learned;
  const { asked, answered, fetched, stored } = times;
  let at = bytes.writeUInt16LE(answer?.status ?? 0, from);
  at = bytes.writeUInt8(Math.min(tries, 0xff), at);
  at = bytes.writeDoubleLE(asked, at);
  at = bytes.writeUInt32LE(since(asked, answered), at);
  at = bytes.writeUInt32LE(since(asked, fetched), at);
  at = bytes.writeUInt32LE(since(asked, stored), at);
  const lengths = at;
  at = bytes.writeUInt8(checksum === undefined ? 0 : 1 + CHECKSUM_ALGORITHMS.indexOf(checksum.algorithm), at + 10);
  const { contentType = '', etag = '', lastModified = '' } = answer ?? {};
  const url = answer === undefined || answer.url === learned.url ? '' : answer.url;
  // A URL that was requested is ASCII, and a header is bytes.
  bytes.writeUInt32LE(url.length, lengths);
  if (url !== '') at += bytes.write(url, at, 'latin1');
  at = writeHeader(bytes, contentType, at, lengths + 4);
  at = writeHeader(bytes, etag, at, lengths + 6);
  at = writeHeader(bytes, lastModified, at, lengths + 8);
  if (checksum !== undefined) at += bytes.write(checksum.hex, at, 'hex');
  const rest = restOf(learned);
  return rest === undefined ? at : at + bytes.write(JSON.stringify(rest), at);
}

function restOf({ image, same }: Learned): Rest | undefined {
  return same === undefined ? image : { image, same };
}

/** @returns where it ends */
function writeHeader(bytes: Buffer, text: string, at: number, lengthAt: number): number {
  const length = Math.min(text.length, MAX_HEADER);
  bytes.writeUInt16LE(length, lengthAt);
  return length === 0 ? at : at + bytes.write(text, at, length, 'latin1');
}

/** What {@link writeLearned} wrote. @param to where it ends @param own the URL of the item */
export function readLearned(bytes: Buffer, from: number, to: number, own: string): Learned {
  const status = bytes.readUInt16LE(from);
  const asked = bytes.readDoubleLE(from + 3);
  const after = (at: number): number | undefined => {
    const delay = bytes.readUInt32LE(at);
    return delay === NEVER ? undefined : asked + delay;
  };
  const times = { asked, answered: after(from + 11), fetched: after(from + 15), stored: after(from + 19) };
  const lengths = from + 23;
  let at = from + FIXED;
  const text = (length: number): string => bytes.toString('latin1', at, (at += length));
  const url = text(bytes.readUInt32LE(lengths)) || own;
  const contentType = text(bytes.readUInt16LE(lengths + 4));
  const etag = text(bytes.readUInt16LE(lengths + 6));
  const lastModified = text(bytes.readUInt16LE(lengths + 8));
  const isTold = status !== 0 || lastModified !== '';
  const answer = isTold ? { status, url, contentType, etag, lastModified } : undefined;
  const algorithm = CHECKSUM_ALGORITHMS[bytes.readUInt8(lengths + 10) - 1];
  const checksum = algorithm && { algorithm, hex: bytes.toString('hex', at, at + BYTES[algorithm]) };
  const learned = { answer, times, tries: bytes.readUInt8(from + 2), checksum };
  const end = at + (algorithm === undefined ? 0 : BYTES[algorithm]);
  if (end >= to) return learned;
  const rest = JSON.parse(bytes.toString('utf8', end, to)) as Rest;
  return { ...learned, ...('made' in rest ? { image: rest } : rest) };
}

/** Only {@link Learned.same} of what {@link writeLearned} wrote. @param to where it ends */
export function readSame(bytes: Buffer, from: number, to: number): SameFile | undefined {
  const lengths = from + 23;
  const headers = bytes.readUInt16LE(lengths + 4) + bytes.readUInt16LE(lengths + 6) + bytes.readUInt16LE(lengths + 8);
  const algorithm = CHECKSUM_ALGORITHMS[bytes.readUInt8(lengths + 10) - 1];
  const end = from + FIXED + bytes.readUInt32LE(lengths) + headers + (algorithm === undefined ? 0 : BYTES[algorithm]);
  if (end >= to) return undefined;
  const rest = JSON.parse(bytes.toString('utf8', end, to)) as Rest;
  return 'made' in rest ? undefined : rest.same;
}

/** Milliseconds; a clock that was set back in between has told nothing. */
function since(start: number, time: number | undefined): number {
  return time === undefined ? NEVER : Math.min(NEVER - 1, Math.max(0, Math.round(time - start)));
}
