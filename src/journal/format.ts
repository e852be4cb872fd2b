/**
 * What a journal looks like on disk. A line of text that says what it is, then frames: 4 bytes of a mark, the length of
 * the payload, its CRC-32 begun with the frame's place in the file, and the payload, which is one record or more. All
 * numbers are little-endian. A frame is written at once, so what a crash tears is the last one.
 *
 * Of an item there are two records: that it was begun, with its URL and its name, written before its file can get its
 * final name; and what became of it. Where its list says more of it, that follows the first; what its request told comes
 * before the second. Where the server's answer gives its file another name, that is written between them, before the file
 * can get it.
 */
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { ErrorCode } from '../errors.js';
import type { Layout } from '../protocol/settings.js';
import type { Columns, ItemDetails, SameFile } from '../item.js';
import { isPlainItemName } from '../plan/paths.js';
import type { StoredFile } from '../protocol/result.js';
import type { CodeUnits } from '../shared/code-units.js';
import { type Learned, type LearnedOf, learnedSize, readLearned, readSame, writeLearned } from './learned.js';

/** A run begins. Numbers of items are those of the run whose record came last. */
export interface RunRecord {
  /** Of the program. */
  readonly version: string;
  /** ISO 8601. */
  readonly started: string;
  readonly pid: number;
  /** Which start of which machine: while it is the same, what was written is there, whatever became of the process. */
  readonly boot: string;
  readonly directory: string;
  readonly layout: Layout;
  /** The lowest number that a shard gets from it; of the layout `tar`. */
  readonly firstShard?: number;
  /** What was known before it is of no account: the run replaces what is there. */
  readonly afresh: boolean;
  /** It takes items of the runs before once more, and says nothing of any list. */
  readonly again?: boolean;
  /** What the URLs come from, with what tells whether it is the same as before. */
  readonly lists: readonly ListMark[];
}

/** By size and time of its last change, a list is known again without being read. */
export interface ListMark {
  readonly label: string;
  readonly size?: number;
  /** ISO 8601. */
  readonly changed?: string;
}

/** A run has ended by itself. */
export interface EndRecord {
  /** Every item of the lists has an outcome; false after an interruption or when the storage gave up. */
  readonly complete: boolean;
  readonly ended: string;
  /** Why it ended early. */
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

export interface FailureRecord {
  readonly status: 'error' | 'not_found' | 'disallowed' | 'filtered';
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** 96 bits of a hash of URL and name, by which an item is known again. */
export interface Key {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface ItemRecord {
  /** Its number among all entries of its run. */
  readonly index: number;
  readonly key: Key;
  /** With the user and the password, if it has them. */
  readonly url: string;
  readonly name: string;
}

/** A row of a list that is no item. */
export interface RefusedRecord {
  /** The list. */
  readonly source: string;
  readonly line: number;
  /** Safe to print. */
  readonly text: string;
  readonly message: string;
  readonly hint: string;
  readonly columns?: Columns;
}

/** A row of a list that says of an item once more what it is; with its URL as in {@link ItemRecord}. */
export interface DuplicateRecord {
  readonly url: string;
  readonly name: string;
  readonly columns: Columns;
}

/** A stored file, as the journal knows it. */
export interface StoredRecord extends StoredFile {
  /** The end of its body was the end of the connection. */
  readonly unproven: boolean;
}

/**
 * What a reader wants to know: of each record, where in `payload` it begins, so that only what is wanted is decoded, with
 * {@link keyAt}, {@link itemAt}, {@link detailsAt}, {@link renamedAt}, {@link learnedAt}, {@link storedAt}, {@link failureAt},
 * {@link refusedAt} and {@link duplicateAt}.
 */
export interface RecordVisitor {
  run?(record: RunRecord): void;
  /** @param offset where the record begins in the file */
  item?(index: number, payload: Buffer, at: number, offset: number): void;
  /** Of the item that was begun last. */
  details?(index: number, payload: Buffer, at: number): void;
  renamed?(index: number, payload: Buffer, at: number, offset: number): void;
  learned?(index: number, payload: Buffer, at: number, offset: number): void;
  stored?(index: number, payload: Buffer, at: number, offset: number): void;
  failed?(index: number, payload: Buffer, at: number, offset: number): void;
  refused?(index: number, payload: Buffer, at: number, offset: number): void;
  duplicate?(index: number, payload: Buffer, at: number, offset: number): void;
  end?(record: EndRecord): void;
}

/** The first line. The number is that of the format. */
export const PREAMBLE = Buffer.from('sluice journal 1\n');
/** Bytes before a frame's payload. */
export const FRAME_HEADER_SIZE = 12;
/** Bytes of a frame at the most, whatever is in it. */
export const MAX_FRAME = 2 << 20;

export const MARK = Buffer.from('SLJ\u0001', 'latin1');

const RUN = 1;
const ITEM = 2;
const STORED = 3;
const FAILED = 4;
const END = 5;
/**
 * An item as in {@link ITEM}, of whose name there is a file that is not known to be what it is to be. In shards, that lies in
 * another one, and stays what counts unless this is stored, or known to be wrong (STORE_CHANGED).
 */
const REPLACEMENT = 6;
const DETAILS = 7;
const LEARNED = 8;
const RENAMED = 9;
const REFUSED = 10;
const DUPLICATE = 11;

const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const CARET = 0x5e;

const ITEM_HEADER = 1 + 4 + 12 + 4 + 4;
/** Of the records of a run and its end. */
const RUN_HEADER = 1 + 4;
/** Of those that have a length. */
const HEADER = 1 + 4 + 4;
/** Before the name. */
const RENAMED_HEADER = HEADER + 1;
const STORED_SIZE = 1 + 4 + 8 + 4 + 4 + 1;
/** Bits of the last byte. */
const UNPROVEN = 1;
const UNREAD = 2;

/** Bytes that a frame grows to at first: most are smaller. */
const USUAL_FRAME = 128 << 10;

/** Puts records one behind the other into memory that grows, and makes a frame of them. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(USUAL_FRAME);
  /** What was a frame's, and is used again: memory of its own for each would have garbage collected twice as often. */
  #spare: Buffer<ArrayBuffer> | undefined;
  #length = FRAME_HEADER_SIZE;

  /** Bytes of the records so far. */
  get size(): number {
    return this.#length - FRAME_HEADER_SIZE;
  }

  run(record: RunRecord): void {
    this.#json(RUN, record);
  }

  end(record: EndRecord): void {
    this.#json(END, record);
  }

  failed(index: number, record: FailureRecord): void {
    this.#numberedJson(FAILED, index, record);
  }

  details(index: number, details: ItemDetails): void {
    this.#numberedJson(DETAILS, index, details);
  }

  refused(index: number, record: RefusedRecord): void {
    this.#numberedJson(REFUSED, index, record);
  }

  duplicate(index: number, record: DuplicateRecord): void {
    this.#numberedJson(DUPLICATE, index, record);
  }

  learned(index: number, learned: LearnedOf): void {
    const bytes = this.#reserve(HEADER + learnedSize(learned));
    const at = this.#length;
    bytes[at] = LEARNED;
    bytes.writeUInt32LE(index, at + 1);
    this.#length = writeLearned(bytes, at + HEADER, learned);
    bytes.writeUInt32LE(this.#length - at - HEADER, at + 5);
  }

  /** @param replaces whether there is a file of its name that is not known to be what it is to be */
  item(index: number, key: Key, url: string, name: string, replaces = false): void {
    const bytes = this.#reserve(ITEM_HEADER + 3 * (url.length + name.length));
    const at = this.#length;
    bytes[at] = replaces ? REPLACEMENT : ITEM;
    bytes.writeUInt32LE(index, at + 1);
    bytes.writeUInt32LE(key.a, at + 5);
    bytes.writeUInt32LE(key.b, at + 9);
    bytes.writeUInt32LE(key.c, at + 13);
    // A normalised URL is ASCII.
    const urlLength = bytes.write(url, at + ITEM_HEADER, 'latin1');
    const nameLength = bytes.write(name, at + ITEM_HEADER + urlLength);
    bytes.writeUInt32LE(urlLength, at + 17);
    bytes.writeUInt32LE(nameLength, at + 21);
    this.#length = at + ITEM_HEADER + urlLength + nameLength;
  }

  /** @param replaces as of {@link FrameWriter.item}, for this name */
  renamed(index: number, name: string, replaces: boolean): void {
    const bytes = this.#reserve(RENAMED_HEADER + 3 * name.length);
    const at = this.#length;
    bytes[at] = RENAMED;
    bytes.writeUInt32LE(index, at + 1);
    bytes[at + HEADER] = replaces ? 1 : 0;
    const length = bytes.write(name, at + RENAMED_HEADER);
    bytes.writeUInt32LE(length + 1, at + 5);
    this.#length = at + RENAMED_HEADER + length;
  }

  stored(index: number, { size, crc32: check, shard, unread }: StoredFile, unproven: boolean): void {
    const bytes = this.#reserve(STORED_SIZE);
    const at = this.#length;
    bytes[at] = STORED;
    bytes.writeUInt32LE(index, at + 1);
    bytes.writeDoubleLE(size, at + 5);
    bytes.writeUInt32LE(check, at + 13);
    bytes.writeUInt32LE(shard === undefined ? 0 : shard + 1, at + 17);
    bytes[at + 21] = (unproven ? UNPROVEN : 0) | (unread === true ? UNREAD : 0);
    this.#length = at + STORED_SIZE;
  }

  /**
   * The frame, and nothing in its place.
   *
   * @param offset where in the file it will be
   */
  take(offset: number): Buffer {
    const frame = this.#bytes.subarray(0, this.#length);
    frame.set(MARK);
    frame.writeUInt32LE(this.size, 4);
    frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEADER_SIZE), offset >>> 0), 8);
    this.#bytes = this.#spare ?? Buffer.allocUnsafeSlow(USUAL_FRAME);
    this.#spare = undefined;
    this.#length = FRAME_HEADER_SIZE;
    return frame;
  }

  /** Takes back the memory of a frame that nobody needs any more. */
  recycle({ buffer }: Buffer): void {
    if (buffer.byteLength === USUAL_FRAME) this.#spare = Buffer.from(buffer as ArrayBuffer);
  }

  #numberedJson(kind: number, index: number, record: object): void {
    const text = JSON.stringify(record);
    const bytes = this.#reserve(HEADER + 3 * text.length);
    const at = this.#length;
    bytes[at] = kind;
    bytes.writeUInt32LE(index, at + 1);
    const length = bytes.write(text, at + HEADER);
    bytes.writeUInt32LE(length, at + 5);
    this.#length = at + HEADER + length;
  }

  #json(kind: number, record: RunRecord | EndRecord): void {
    const text = JSON.stringify(record);
    const bytes = this.#reserve(RUN_HEADER + 3 * text.length);
    const at = this.#length;
    bytes[at] = kind;
    const length = bytes.write(text, at + RUN_HEADER);
    bytes.writeUInt32LE(length, at + 1);
    this.#length = at + RUN_HEADER + length;
  }

  /** Room for so many bytes more. */
  #reserve(size: number): Buffer {
    const needed = this.#length + size;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** How long the frame that `bytes` begin with says it is, with its header; undefined where none begins. */
export function claimedSize(bytes: Buffer): number | undefined {
  if (bytes.length < FRAME_HEADER_SIZE || bytes.compare(MARK, 0, MARK.length, 0, MARK.length) !== 0) return undefined;
  const size = FRAME_HEADER_SIZE + bytes.readUInt32LE(4);
  return size <= MAX_FRAME ? size : undefined;
}

/**
 * The payload of the frame that `bytes` begin with.
 *
 * @param offset of `bytes` in the file
 * @returns undefined when no whole and right frame begins there
 */
export function payloadIn(bytes: Buffer, offset: number): Buffer | undefined {
  const size = claimedSize(bytes);
  if (size === undefined || size > bytes.length) return undefined;
  const payload = bytes.subarray(FRAME_HEADER_SIZE, size);
  return crc32(payload, offset >>> 0) === bytes.readUInt32LE(8) ? payload : undefined;
}

/**
 * Tells of each record of a payload.
 *
 * @param offset of the payload in the file
 * @throws RangeError for what no program of this version wrote, although its checksum is right
 */
export function visitRecords(payload: Buffer, offset: number, visitor: RecordVisitor): void {
  for (let at = 0; at < payload.length;) {
    const end = at + sizeOfAny(payload, at);
    // Before anybody reads it: lengths that are not true may be of gigabytes.
    if (end > payload.length) throw new RangeError('a record ends behind its frame');
    visitRecord(payload, at, end, offset, visitor);
    at = end;
  }
}

function visitRecord(payload: Buffer, at: number, end: number, offset: number, visitor: RecordVisitor): void {
  const kind = payload[at] as number;
  const number = payload.readUInt32LE(at + 1);
  const place = offset + at;
  switch (kind) {
    case ITEM:
    case REPLACEMENT:
      return visitor.item?.(number, payload, at, place);
    case STORED:
      return visitor.stored?.(number, payload, at, place);
    case FAILED:
      return visitor.failed?.(number, payload, at, place);
    case DETAILS:
      return visitor.details?.(number, payload, at);
    case LEARNED:
      return visitor.learned?.(number, payload, at, place);
    case RENAMED:
      return visitor.renamed?.(number, payload, at, place);
    case REFUSED:
      return visitor.refused?.(number, payload, at, place);
    case DUPLICATE:
      return visitor.duplicate?.(number, payload, at, place);
    case RUN:
      return visitor.run?.(jsonAt(payload, at + RUN_HEADER, end) as RunRecord);
    case END:
      return visitor.end?.(jsonAt(payload, at + RUN_HEADER, end) as EndRecord);
    default:
      throw new RangeError(`no record of kind ${kind} is known`);
  }
}

function sizeOfAny(payload: Buffer, at: number): number {
  const isOfRun = payload[at] === RUN || payload[at] === END;
  return isOfRun ? RUN_HEADER + payload.readUInt32LE(at + 1) : recordSizeAt(payload, at);
}

/** Bytes from which a record's size can be told. */
export const HEADER_SIZE = ITEM_HEADER;

/** Bytes of a record about an item; of `bytes`, only its first {@link HEADER_SIZE} need be there. */
export function recordSizeAt(bytes: Buffer, at: number): number {
  const kind = bytes[at];
  if (kind === ITEM || kind === REPLACEMENT) return itemSizeAt(bytes, at);
  return kind === STORED ? STORED_SIZE : HEADER + bytes.readUInt32LE(at + 5);
}

const KINDS = { details: DETAILS, learned: LEARNED, stored: STORED, refused: REFUSED, renamed: RENAMED } as const;

/** Whether the record there is of this kind. */
export function isOf(kind: keyof typeof KINDS, bytes: Buffer, at: number): boolean {
  return bytes[at] === KINDS[kind];
}

/** Of the record of an item: what is there before it is stored under its name is not it. */
export function replacesAt(payload: Buffer, at: number): boolean {
  return payload[at] === REPLACEMENT;
}

export function keyAt(payload: Buffer, at: number): Key {
  return { a: payload.readUInt32LE(at + 5), b: payload.readUInt32LE(at + 9), c: payload.readUInt32LE(at + 13) };
}

/** Bytes of the record that {@link itemAt} reads; of `payload`, only its first bytes need be there. */
export function itemSizeAt(payload: Buffer, at: number): number {
  return ITEM_HEADER + payload.readUInt32LE(at + 17) + payload.readUInt32LE(at + 21);
}

export function itemAt(payload: Buffer, at: number): ItemRecord {
  const url = at + ITEM_HEADER;
  const name = url + payload.readUInt32LE(at + 17);
  return {
    index: payload.readUInt32LE(at + 1),
    key: keyAt(payload, at),
    url: payload.toString('latin1', url, name),
    name: payload.toString('utf8', name, name + payload.readUInt32LE(at + 21)),
  };
}

/** Whether the URL of an item has what some versions of Node leave in it, and others do not: `^`, and `/.`. */
export function maybeFormerAt(payload: Buffer, at: number): boolean {
  const from = at + ITEM_HEADER;
  const to = from + payload.readUInt32LE(at + 17);
  for (let byte = from; byte < to; byte += 1) {
    if (payload[byte] === CARET || (payload[byte] === DOT && payload[byte - 1] === SLASH)) return true;
  }
  return false;
}

/** Whether the name of an item may have the mark of its URL: eight digits after a dash, before an extension or the end. */
export function maybeMarkedAt(payload: Buffer, at: number): boolean {
  const end = at + itemSizeAt(payload, at);
  if (payload[end - 9] === DASH) return true;
  const least = Math.max(end - payload.readUInt32LE(at + 21) + 9, end - 16);
  for (let dot = end - 1; dot >= least; dot -= 1) if (payload[dot] === DOT) return payload[dot - 9] === DASH;
  return false;
}

/** Whether the name of an item has these bytes somewhere. */
export function nameIncludesAt(payload: Buffer, at: number, bytes: string): boolean {
  const to = at + itemSizeAt(payload, at);
  const found = payload.indexOf(bytes, to - payload.readUInt32LE(at + 21), 'latin1');
  return found !== -1 && found + bytes.length <= to;
}

/** The URL of an item, in memory that is used again. */
export function loadUrlAt(payload: Buffer, at: number, units: CodeUnits): void {
  const from = at + ITEM_HEADER;
  units.loadLine(payload, from, from + payload.readUInt32LE(at + 17));
}

/** Whether an item has a name that it may have, without making a text of it; of others than plain ones, nothing is known. */
export function hasPlainNameAt(payload: Buffer, at: number): boolean {
  const to = at + itemSizeAt(payload, at);
  return isPlainItemName(payload, to - payload.readUInt32LE(at + 21), to);
}

/** Only the size of what {@link storedAt} tells. */
export function sizeAt(payload: Buffer, at: number): number {
  return payload.readDoubleLE(at + 5);
}

/** Only the shard of what {@link storedAt} tells. */
export function shardAt(payload: Buffer, at: number): number | undefined {
  const shard = payload.readUInt32LE(at + 17);
  return shard === 0 ? undefined : shard - 1;
}

export function storedAt(payload: Buffer, at: number): StoredRecord {
  const shard = shardAt(payload, at);
  const bits = payload[at + 21] as number;
  return {
    size: sizeAt(payload, at),
    crc32: payload.readUInt32LE(at + 13),
    ...(shard !== undefined && { shard }),
    unproven: isUnprovenAt(payload, at),
    ...((bits & UNREAD) !== 0 && { unread: true }),
  };
}

/** Of what {@link storedAt} tells, whether the end of its body was the end of the connection. */
export function isUnprovenAt(payload: Buffer, at: number): boolean {
  return ((payload[at + 21] as number) & UNPROVEN) !== 0;
}

export function failureAt(payload: Buffer, at: number): FailureRecord {
  return numberedJsonAt(payload, at) as FailureRecord;
}

export function detailsAt(payload: Buffer, at: number): ItemDetails {
  return numberedJsonAt(payload, at) as ItemDetails;
}

export function refusedAt(payload: Buffer, at: number): RefusedRecord {
  return numberedJsonAt(payload, at) as RefusedRecord;
}

export function duplicateAt(payload: Buffer, at: number): DuplicateRecord {
  return numberedJsonAt(payload, at) as DuplicateRecord;
}

/** Of a record about an item or a row. */
export function indexAt(payload: Buffer, at: number): number {
  return payload.readUInt32LE(at + 1);
}

/** What the file of an item is called. */
export interface RenamedRecord {
  readonly name: string;
  /** There is a file of this name that is not known to be what it is to be. */
  readonly replaces: boolean;
}

export function renamedAt(payload: Buffer, at: number): RenamedRecord {
  const end = at + HEADER + payload.readUInt32LE(at + 5);
  return { name: payload.toString('utf8', at + RENAMED_HEADER, end), replaces: payload[at + HEADER] === 1 };
}

/** Only what {@link learnedAt} tells of another file with the same bytes. */
export function sameAt(payload: Buffer, at: number): SameFile | undefined {
  return readSame(payload, at + HEADER, at + HEADER + payload.readUInt32LE(at + 5));
}

/** @param url of the item */
export function learnedAt(payload: Buffer, at: number, url: string): Learned {
  return readLearned(payload, at + HEADER, at + HEADER + payload.readUInt32LE(at + 5), url);
}

function numberedJsonAt(payload: Buffer, at: number): unknown {
  const from = at + HEADER;
  return jsonAt(payload, from, from + payload.readUInt32LE(at + 5));
}

function jsonAt(payload: Buffer, from: number, to: number): unknown {
  return JSON.parse(payload.toString('utf8', from, to));
}
