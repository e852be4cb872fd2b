/** The list of a shard: of each row of a plan a line, a JSON object that says what is to become of it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { SluiceError } from '../errors.js';
import { isNoFile, storageFailed } from '../journal/examine.js';
import type { Duplicate, Entry, Item, ItemDetails, Refused } from '../item.js';
import { AddressParser } from '../plan/address.js';
import { CodeUnits } from '../shared/code-units.js';
import { linesOf } from './lines.js';
import type { Manifest, ShardEntry } from './manifest.js';
import { listPath } from './plan-folder.js';

/** Bytes of a list that is read as a whole; a larger one, of a server that has many rows, is read twice. */
const MAX_WHOLE = 64 << 20;
/** Entries that are handed on at once. */
const BATCH = 64;

/** A line. Of a server, origin and path are in the URL. */
interface Line {
  readonly index: number;
  readonly url?: string;
  readonly name?: string;
  readonly details?: ItemDetails;
  readonly refused?: Omit<Refused, 'index'>;
  readonly duplicate?: Omit<Duplicate, 'index'>;
}

export function lineOf(entry: Entry): string {
  return `${JSON.stringify(asLine(entry))}\n`;
}

function asLine(entry: Entry): Line {
  if (entry.kind === 'item') {
    const { index, url, name, details } = entry.item;
    return { index, url, name, ...(details && { details }) };
  }
  if (entry.kind === 'refused') {
    const { index, ...refused } = entry.refused;
    return { index, refused };
  }
  const { index, ...duplicate } = entry.duplicate;
  return { index, duplicate };
}

/**
 * The entries of a shard, in arrays of 1 to 64. Nothing is given before the whole list is known to be as it was written.
 *
 * @throws SluiceError PLAN_DAMAGED; StorageError where the system does not let it be read, which may pass
 */
export async function* readShard(
  directory: string,
  manifest: Manifest,
  shard: number,
): AsyncGenerator<readonly Entry[], void, undefined> {
  const path = listPath(directory, shard);
  const told = manifest.shards[shard];
  if (told === undefined) throw damaged(path, 'is of no shard of the plan');
  const reader = new LineReader();
  if (told.bytes <= MAX_WHOLE) {
    yield* inBatches(wholeLines(path, told), reader);
    return;
  }
  await proveLarge(path, told);
  yield* inBatches(linesOf(path), reader);
}

async function* wholeLines(path: string, told: ShardEntry): AsyncGenerator<readonly string[], void, undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unread(path, error);
  });
  prove(path, told, bytes.length, createHash('sha256').update(bytes).digest('hex'));
  yield bytes.toString('utf8').split('\n');
}

async function proveLarge(path: string, told: ShardEntry): Promise<void> {
  const hash = createHash('sha256');
  try {
    const { size } = await stat(path);
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    prove(path, told, size, hash.digest('hex'));
  } catch (error) {
    throw unread(path, error);
  }
}

function prove(path: string, { bytes, sha256 }: ShardEntry, size: number, digest: string): void {
  if (size === bytes && digest === sha256) return;
  const what = size === bytes ? 'other bytes than' : `${size} bytes, not the ${bytes} that`;
  throw damaged(path, `has ${what} the plan has written`);
}

async function* inBatches(
  all: AsyncIterable<readonly string[]>,
  reader: LineReader,
): AsyncGenerator<readonly Entry[], void, undefined> {
  let batch: Entry[] = [];
  for await (const lines of all) {
    for (const line of lines) {
      if (line === '') continue;
      if (batch.push(reader.entryOf(line)) < BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

class LineReader {
  readonly #addresses = new AddressParser();
  readonly #units = new CodeUnits();

  entryOf(text: string): Entry {
    const { index, url = '', name = '', details, refused, duplicate } = JSON.parse(text) as Line;
    if (refused !== undefined) return { kind: 'refused', refused: { index, ...refused } };
    if (duplicate !== undefined) return { kind: 'duplicate', duplicate: { index, ...duplicate } };
    this.#units.load(url);
    const address = this.#addresses.parse(url, this.#units);
    if (address === undefined)
      throw new SluiceError('INTERNAL', 'a plan has a URL that is none', { hint: 'plan again' });
    const item: Item = { index, ...address, name, details };
    return { kind: 'item', item };
  }
}

/** Where there is none, it is the plan that is not whole; else what the storage says of it may be another thing next time. */
function unread(path: string, error: unknown): SluiceError {
  return isNoFile(error) ? damaged(path, 'is not there', error) : storageFailed(error, 'read', path);
}

function damaged(path: string, problem: string, cause?: unknown): SluiceError {
  return new SluiceError('PLAN_DAMAGED', `the list ${path} ${problem}`, {
    hint: 'get it back from a copy, or plan the same lists with the same options elsewhere and take it from there',
    cause,
  });
}
