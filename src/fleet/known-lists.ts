/** By what the lists of a plan are known again: by what they hold, wherever they lie. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readStream, unreadable } from '../lists/read.js';
import type { Source } from '../lists/source.js';
import { printable } from '../shared/printable.js';
import type { PlanList } from './manifest.js';

/** Bytes that are read at once. */
const BLOCK = 1 << 20;

/** A list that is asked for. */
export interface KnownList {
  /** To be planned in place of the one that was given. */
  readonly source: Source;
  /** What is known of it before it is read. */
  readonly mark: PlanList;
  /** What is known when all of it was planned. @throws SluiceError LIST_UNREADABLE */
  planned(): Promise<PlanList>;
  /** Reads it as a whole, where that has not been done. @throws SluiceError LIST_UNREADABLE */
  digest(): Promise<string | undefined>;
}

export async function knownList(source: Source): Promise<KnownList> {
  if (source.kind === 'file') return knownFile(source);
  if (source.kind === 'stream') return knownStream(source);
  return known(source, { label: source.kind === 'urls' ? labelOf(source) : 'items' });
}

/** Of URLs the label tells all; of what is neither, nobody knows whether it is the same. */
function known(source: Source, mark: PlanList): KnownList {
  return { source, mark, planned: () => Promise.resolve(mark), digest: () => Promise.resolve(undefined) };
}

function labelOf({ label, urls }: Extract<Source, { kind: 'urls' }>): string {
  if (!Array.isArray(urls)) return printable(label, 1000);
  return `${label} ${createHash('sha256').update(JSON.stringify(urls)).digest('hex').slice(0, 16)}`;
}

async function knownFile(source: Extract<Source, { kind: 'file' }>): Promise<KnownList> {
  const { path, reading } = source;
  const label = printable(resolve(path), 1000);
  const stats = await stat(path).catch(() => undefined);
  // What cannot be read is told of when it is opened; what comes from a pipe cannot be read twice.
  if (stats?.isFile() !== true) return known(source, { label, reading });
  const mark = { label, size: stats.size, changed: stats.mtime.toISOString(), reading };
  const digest = (): Promise<string> => digestOf(path);
  const planned = async (): Promise<PlanList> => {
    const sha256 = await digest();
    const after = await stat(path).catch(() => undefined);
    // Of one that was written to meanwhile, nobody knows what was planned.
    const isSame = after?.size === mark.size && after.mtime.toISOString() === mark.changed;
    return isSame ? { ...mark, sha256 } : mark;
  };
  return { source, mark, planned, digest };
}

/** @throws SluiceError LIST_UNREADABLE */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: BLOCK })) hash.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(path, error);
  }
  return hash.digest('hex');
}

/** Whether a file holds what was planned; it is read only where neither its size nor its time tells. @throws the system's error, or LIST_UNREADABLE */
export async function isAsPlanned({ label, size, changed, sha256 }: PlanList): Promise<boolean> {
  const now = await stat(label);
  if (now.size !== size) return false;
  if (now.mtime.toISOString() === changed) return true;
  return sha256 !== undefined && (await digestOf(label)) === sha256;
}

/** It can be read once: so its digest is taken when it is planned. */
function knownStream(source: Extract<Source, { kind: 'stream' }>): KnownList {
  const { stream, label, reading } = source;
  const hash = createHash('sha256');
  const mark = { label: printable(label, 1000), reading };
  let ended = false;
  const read = hashed(stream, hash, () => (ended = true));
  const digest = async (): Promise<string | undefined> => {
    for await (const chunk of readStream(read, label)) void chunk;
    return ended ? hash.digest('hex') : undefined;
  };
  const planned = (): Promise<PlanList> => Promise.resolve(ended ? { ...mark, sha256: hash.digest('hex') } : mark);
  return { source: { ...source, stream: read }, mark, planned, digest };
}

async function* hashed(
  stream: AsyncIterable<Uint8Array>,
  hash: Hash,
  onEnd: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
  onEnd();
}

/** What of the lists is not as it was planned, in words; empty where all is. */
export async function differingLists(
  there: readonly PlanList[],
  wanted: readonly KnownList[],
): Promise<readonly string[]> {
  const isSame = comparer();
  let same = there.length === wanted.length;
  for (const [at, list] of wanted.entries()) same &&= await isSame(there[at], list);
  if (same) return [];
  const before = new Map(there.map((list) => [list.label, list]));
  const others: string[] = [];
  for (const list of wanted) if (!(await isSame(before.get(list.mark.label), list))) others.push(list.mark.label);
  const now = new Set(wanted.map(({ mark }) => mark.label));
  for (const label of before.keys()) if (!now.has(label)) others.push(label);
  return others.length > 0 ? others : ['order of its lists'];
}

/** Reads no list twice. */
function comparer(): (before: PlanList | undefined, list: KnownList) => Promise<boolean> {
  const digests = new Map<KnownList, Promise<string | undefined>>();
  return async (before, list) => {
    const { mark } = list;
    if (before === undefined || JSON.stringify(before.reading) !== JSON.stringify(mark.reading)) return false;
    if (before.size !== mark.size) return false;
    const isThere = before.label === mark.label && before.changed === mark.changed;
    if (isThere && (mark.size !== undefined || mark.label.startsWith('argument '))) return true;
    if (before.sha256 === undefined) return false;
    const digest = digests.get(list) ?? list.digest();
    digests.set(list, digest);
    return (await digest) === before.sha256;
  };
}
