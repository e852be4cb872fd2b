/**
 * Records of items that the plan may call otherwise today: those of older builds, which wrote some URLs differently, and
 * those whose names have a mark, since other items of that run had them. Older builds knew both by other keys.
 */
import type { Buffer } from 'node:buffer';
import { calledToday } from '../plan/former.js';
import { asMark, unmarked } from '../plan/names.js';
import { CodeUnits } from '../shared/code-units.js';
import { murmur3 } from '../shared/murmur3.js';
import {
  itemAt,
  type ItemRecord,
  type Key,
  keyAt,
  loadUrlAt,
  maybeFormerAt,
  maybeMarkedAt,
  nameIncludesAt,
} from './format.js';
import { keyOf } from './state-index.js';

export interface FormerRecord {
  /** By which the item is known today. */
  readonly key: Key;
  /** Whether its URL's mark is in its name. */
  readonly marked: boolean;
  /** Whether its file is called otherwise, and by more than a mark. */
  readonly renamed: boolean;
  readonly record: ItemRecord;
}

const url = new CodeUnits();
const hash = new Uint32Array(4);

/** Undefined for a record of an item that is called today as it was, without a mark: at next to no cost for these. */
export function formerAt(payload: Buffer, at: number): FormerRecord | undefined {
  const maybeFormer = maybeFormerAt(payload, at);
  const maybeMarked = maybeMarkedAt(payload, at);
  if (!maybeFormer && !(maybeMarked && hasMarkAt(payload, at))) return undefined;
  const record = itemAt(payload, at);
  const today = maybeFormer ? calledToday(record) : undefined;
  const { url, name } = today ?? record;
  const marked = maybeMarked && unmarked(name, url) !== undefined;
  if (today === undefined && !marked) return undefined;
  return { key: keyOf(url, name), marked, renamed: name !== record.name, record };
}

/** Whether what may be the mark of a URL is that. */
function hasMarkAt(payload: Buffer, at: number): boolean {
  loadUrlAt(payload, at, url);
  murmur3(url, hash);
  return nameIncludesAt(payload, at, `-${asMark(hash)}`);
}

/** By which the item of a record is known today. */
export function keyToday(payload: Buffer, at: number): Key {
  return formerAt(payload, at)?.key ?? keyAt(payload, at);
}

/** A key as a key of a map. */
export function textOf({ a, b, c }: Key): string {
  return `${a} ${b} ${c}`;
}
