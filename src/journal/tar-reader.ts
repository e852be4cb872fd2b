/**
 * Reads shards as workers/shards.ts writes them: of each item its body, perhaps the image that this was made of, then its
 * description, and perhaps its caption. A piece of a body is in memory at most. What is in the file is not trusted: a crash of
 * the machine may have torn it, or it is somebody else's.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { BLOCK_SIZE, padded } from '../../workers/ustar.js';
import type { Answer } from '../outcome.js';
import { openFile } from './examine.js';

/** Bytes that are read at once. */
const PIECE = 1 << 20;
/** Bytes of a description at the most: URLs and headers are shorter by far. */
const MAX_DESCRIPTION = 1 << 20;
/** A member's name: the key, and what tells body and description apart. */
const NAME = /^(\d{9,10})\.([a-z0-9.]{1,32})$/;
const EMPTY = Buffer.alloc(BLOCK_SIZE);

export interface ShardItem {
  /** Its key: its number in the run that stored it. */
  readonly index: number;
  /** Bytes of the body. */
  readonly size: number;
  readonly crc32: number;
  /** The image that the body was made of, if it is there. */
  readonly original?: { readonly size: number; readonly crc32: number };
  /** Whether body and original have the size and the SHA-256 of the description; true where that was not asked for. */
  readonly whole: boolean;
  /** Without its password. */
  readonly url: string;
  readonly name: string;
  /** The end of its body was the end of the connection. */
  readonly unproven: boolean;
  /** What its description tells of the answer that has brought it. */
  readonly answer: ShardAnswer;
}

export type ShardAnswer = Omit<Answer, 'url'>;

/** What a shard that is not sealed holds, one after the other. */
export type ShardPiece =
  | { readonly kind: 'item'; readonly item: ShardItem; /** Bytes up to its end. */ readonly end: number }
  /** Of the item before it. */
  | { readonly kind: 'caption'; readonly whole: boolean; readonly end: number };

/** What follows is no archive of this program, or one that was torn. */
export class ShardDamage extends Error {
  override readonly name = 'ShardDamage';
  /** The first block is empty, or not there: a file that got its name before its content reached the disk. */
  readonly blank: boolean;

  constructor(message: string, blank = false) {
    super(message);
    this.blank = blank;
  }
}

/**
 * The items of a shard, in their order.
 *
 * @param prove whether to compare each body with its description
 * @throws ShardDamage where the archive does not go on as this program writes it; the system's error
 */
export async function* readItems(path: string, prove: boolean): AsyncGenerator<ShardItem, void, undefined> {
  for await (const piece of readPieces(path, prove)) if (piece.kind === 'item') yield piece.item;
}

/**
 * The same with where each ends, and with captions.
 *
 * @throws as {@link readItems}
 */
export async function* readPieces(path: string, prove: boolean): AsyncGenerator<ShardPiece, void, undefined> {
  const file = await openFile(path);
  try {
    const archive = new Archive(file);
    let key: string | undefined;
    for (;;) {
      const body = await archive.header(key === undefined);
      if (body === undefined) return;
      // No two items have the same key: it is the caption of the one before.
      if (body.name === `${key}.txt`) {
        // No caption has a zero in it but what a crash of the machine left.
        let whole = true;
        await archive.content(body.size, (piece) => (whole &&= !piece.includes(0)));
        yield { kind: 'caption', whole, end: archive.position };
        continue;
      }
      const index = keyIn(body.name);
      const { crc32: check, isAs } = await archive.body(body.size, prove);
      key = body.name.slice(0, body.name.indexOf('.'));
      let next = await archive.header(false);
      let original: Read | undefined;
      if (next?.name.startsWith(`${key}.original.`) === true) {
        original = await archive.body(next.size, prove);
        next = await archive.header(false);
      }
      const told = parse(await archive.description(`${key}.json`, next));
      const { url, name, unproven } = told;
      const answer = { status: 200, ...answerIn(told.headers) };
      const whole = isAs(told) && (original === undefined ? told.original === undefined : original.isAs(told.original));
      const kept = original && { original: { size: original.size, crc32: original.crc32 } };
      const item = {
        index,
        size: body.size,
        crc32: check,
        ...kept,
        whole: whole || !prove,
        url,
        name,
        unproven,
        answer,
      };
      yield { kind: 'item', item, end: archive.position };
    }
  } finally {
    await file.close();
  }
}

function keyIn(name: string): number {
  const index = Number(NAME.exec(name)?.[1] ?? NaN);
  if (!(index < 2 ** 32)) throw new ShardDamage('a member has a name that no item gets');
  return index;
}

/** What a description tells of bytes. */
interface Print {
  readonly size?: unknown;
  readonly sha256?: unknown;
}

/** The content of a member. */
interface Read {
  readonly size: number;
  readonly crc32: number;
  /** Whether it is what its description says, where that was asked for. */
  readonly isAs: (told: Print | undefined) => boolean;
}

interface Told extends Print {
  readonly url: string;
  readonly name: string;
  readonly unproven: boolean;
  readonly headers: unknown;
  readonly original?: Print;
}

function parse(text: string): Told {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ShardDamage('a description is no JSON');
  }
  const { url, name, size, sha256, unproven, headers, original } = (value ?? {}) as Record<string, unknown>;
  if (typeof url !== 'string' || typeof name !== 'string') throw new ShardDamage('a description tells no URL or name');
  const isTold = typeof original === 'object' && original !== null;
  return { url, name, size, sha256, unproven: unproven === true, headers, ...(isTold && { original }) };
}

function answerIn(headers: unknown): Pick<Answer, 'contentType' | 'etag' | 'lastModified'> {
  const told = (headers ?? {}) as Record<string, unknown>;
  const textOf = (name: string): string => {
    const value = told[name];
    return typeof value === 'string' ? value : '';
  };
  return { contentType: textOf('content-type'), etag: textOf('etag'), lastModified: textOf('last-modified') };
}

interface Header {
  readonly name: string;
  readonly size: number;
}

class Archive {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(PIECE);
  #from = 0;
  #to = 0;
  /** Bytes that were read so far. */
  position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** What comes next; undefined at the end of the archive. */
  async header(first: boolean): Promise<Header | undefined> {
    let block = await this.#block(first);
    if (block.equals(EMPTY)) {
      if (first) throw new ShardDamage('it is empty', true);
      await this.#expectEnd();
      return undefined;
    }
    let longSize: number | undefined;
    if (typeOf(block) === 'x') {
      const size = sizeOf(block);
      if (size > BLOCK_SIZE) throw new ShardDamage('an extended header is too long');
      let record = '';
      await this.content(size, (piece) => (record += piece.toString('latin1')));
      longSize = Number(/^\d+ size=(\d{1,16})\n$/.exec(record)?.[1] ?? NaN);
      if (!Number.isSafeInteger(longSize)) throw new ShardDamage('an extended header says something else than a size');
      block = await this.#block(false);
    }
    if (typeOf(block) !== '0') throw new ShardDamage('a member is no file');
    const end = block.indexOf(0);
    return { name: block.toString('latin1', 0, Math.min(end, 100)), size: longSize ?? sizeOf(block) };
  }

  /** The content of a member. @param prove whether its hash is wanted */
  async body(size: number, prove: boolean): Promise<Read> {
    const hash = prove ? createHash('sha256') : undefined;
    let check = 0;
    await this.content(size, (piece) => {
      check = crc32(piece, check);
      hash?.update(piece);
    });
    const sha256 = hash?.digest('hex');
    return { size, crc32: check, isAs: (told) => told?.size === size && told.sha256 === sha256 };
  }

  /** The text of the member that has to be next. @param header of the one that is */
  async description(expected: string, header: Header | undefined): Promise<string> {
    if (header?.name !== expected) throw new ShardDamage(`${expected} is not where it belongs`);
    if (header.size > MAX_DESCRIPTION) throw new ShardDamage(`${expected} is too long`);
    const pieces: Buffer[] = [];
    await this.content(header.size, (piece) => pieces.push(Buffer.from(piece)));
    return Buffer.concat(pieces).toString();
  }

  /** @param onPiece given the content piece by piece, in memory that is used again */
  async content(size: number, onPiece: (piece: Buffer) => unknown): Promise<void> {
    for (let left = size; left > 0;) {
      const piece = await this.#some(left);
      onPiece(piece);
      left -= piece.length;
    }
    for (let left = padded(size) - size; left > 0;) left -= (await this.#some(left)).length;
  }

  async #block(first: boolean): Promise<Buffer> {
    const block = Buffer.alloc(BLOCK_SIZE);
    for (let filled = 0; filled < BLOCK_SIZE;) {
      filled += (await this.#some(BLOCK_SIZE - filled, first && filled === 0)).copy(block, filled);
    }
    if (!block.equals(EMPTY) && !isHeader(block)) throw new ShardDamage('a header is damaged');
    return block;
  }

  async #expectEnd(): Promise<void> {
    if (!(await this.#block(false)).equals(EMPTY)) throw new ShardDamage('it goes on after its end');
  }

  async #some(most: number, first = false): Promise<Buffer> {
    if (this.#from === this.#to) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, PIECE);
      if (bytesRead === 0) throw new ShardDamage('it is cut', first);
      [this.#from, this.#to] = [0, bytesRead];
    }
    const piece = this.#buffer.subarray(this.#from, Math.min(this.#to, this.#from + most));
    this.#from += piece.length;
    this.position += piece.length;
    return piece;
  }
}

/** Whether a block is a header of this program's, by its magic and its checksum. */
function isHeader(block: Buffer): boolean {
  if (block.toString('latin1', 257, 265) !== 'ustar\u000000') return false;
  let sum = 0;
  for (let at = 0; at < BLOCK_SIZE; at += 1) sum += at >= 148 && at < 156 ? 0x20 : (block[at] as number);
  return sum === octalIn(block, 148, 156);
}

function typeOf(block: Buffer): string {
  return String.fromCharCode(block[156] as number);
}

function sizeOf(block: Buffer): number {
  return octalIn(block, 124, 136);
}

function octalIn(block: Buffer, from: number, to: number): number {
  const digits = /^([0-7]+)[\0 ]/.exec(block.toString('latin1', from, to))?.[1];
  if (digits === undefined) throw new ShardDamage('a header has no number where one belongs');
  return parseInt(digits, 8);
}
