/**
 * Shards that a run has begun and not sealed, since it was killed: each is cut at the end of its last whole member, and gone
 * on with. What is in the file is only trusted as far as it proves itself: a crash of the machine may have torn it anywhere.
 */
import { type FileHandle, truncate } from 'node:fs/promises';
import { withoutPassword } from '../shared/printable.js';
import type { StoredFile } from '../protocol/result.js';
import type { PartShard } from '../protocol/tar.js';
import { isNoFile, storageFailed } from './examine.js';
import type { BegunItem, LogReplay } from './log-replay.js';
import { learnedFrom } from './shard-recovery.js';
import { readPieces, ShardDamage, type ShardItem } from './tar-reader.js';

/** A shard that is gone on with, and what is in it. */
export interface Part extends PartShard {
  readonly items: readonly PartItem[];
}

type PartItem = BegunItem & Pick<StoredFile, 'size' | 'crc32'>;

export interface PartSettings {
  /** Of the journal. */
  readonly file: FileHandle;
  readonly replay: LogReplay;
  /** By number. */
  readonly paths: ReadonlyMap<number, string>;
  /** The column of the list that has captions. */
  readonly captionColumn: string | undefined;
}

/**
 * What is whole in them counts as stored from now on, as far as requests go; those that hold nothing are left as they are.
 *
 * @throws StorageError
 */
export async function adoptParts(settings: PartSettings): Promise<readonly Part[]> {
  const { paths, replay } = settings;
  const parts: Part[] = [];
  for (const [number, path] of [...paths].toSorted(([a], [b]) => a - b)) {
    const { items, end } = await wholeItems(path, settings);
    if (items.length === 0) continue;
    try {
      await truncate(path, end);
    } catch (error) {
      throw storageFailed(error, 'cut', path);
    }
    for (const { index, size } of items) replay.keep(index, size);
    parts.push({ number, end, bodies: items.length, items });
  }
  return parts;
}

/** Up to the first that is torn, or that no run had begun. */
async function wholeItems(
  path: string,
  settings: PartSettings,
): Promise<{ readonly items: readonly PartItem[]; readonly end: number }> {
  const items: PartItem[] = [];
  const ends: number[] = [];
  const seen = new Set<string>();
  let captions = 0;
  /** Whether the last one has its caption, or something follows it. */
  let isDone = true;
  try {
    for await (const piece of readPieces(path, true)) {
      if (piece.kind === 'caption') {
        captions += 1;
        if (!piece.whole) break;
        isDone = true;
        ends[ends.length - 1] = piece.end;
        continue;
      }
      isDone = true;
      const begun = await begunItem(piece.item, settings);
      if (begun === undefined || seen.has(begun.url + '\t' + begun.name)) break;
      seen.add(begun.url + '\t' + begun.name);
      const { size, crc32, answer } = piece.item;
      const unproven = begun.unproven ?? piece.item.unproven;
      items.push({ ...begun, unproven, learned: begun.learned ?? learnedFrom(begun, answer), size, crc32 });
      ends.push(piece.end);
      isDone = false;
    }
  } catch (error) {
    if (!(error instanceof ShardDamage || isNoFile(error))) throw storageFailed(error, 'read', path);
  }
  const last = items.at(-1);
  if (!isDone && last !== undefined && (captions > 0 || hasCaption(last, settings))) {
    items.pop();
    ends.pop();
  }
  return { items, end: ends.at(-1) ?? 0 };
}

async function begunItem(item: ShardItem, { file, replay }: PartSettings): Promise<BegunItem | undefined> {
  if (!item.whole) return undefined;
  const begun = await replay.begunInPart(file, item.index);
  return begun?.name === item.name && withoutPassword(begun.url) === item.url ? begun : undefined;
}

function hasCaption({ details }: BegunItem, { captionColumn }: PartSettings): boolean {
  const caption = captionColumn === undefined ? undefined : details?.columns?.[captionColumn];
  return caption !== undefined && caption !== null;
}
