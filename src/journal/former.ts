/**
 * Records of items that the plan may call otherwise today: those of older builds, which wrote some URLs differently, and
 * those whose names have a mark, since other items of that run had them. Older builds knew both by other keys.
 */
import type { Buffer } from 'node:buffer';
import { calledToday } from '../plan/former.js';
import { unmarked } from '../plan/names.js';
import { itemAt, type ItemRecord, type Key, keyAt, maybeMarkedAt } from './format.js';
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

/** Finds them among the records of a journal, at next to no cost for all others. */
export class FormerRecords {
  /** Of the frame that was asked for last. */
  #payload: Buffer | undefined;
  #some = false;

  /** Undefined for a record of an item that is called today as it was, without a mark. */
  at(payload: Buffer, at: number): FormerRecord | undefined {
    if (payload !== this.#payload) {
      this.#payload = payload;
      // Without one of these in it, a URL is what it was.
      this.#some = payload.includes('^') || payload.includes('/.');
    }
    const maybeMarked = maybeMarkedAt(payload, at);
    if (!this.#some && !maybeMarked) return undefined;
    const record = itemAt(payload, at);
    const today = this.#some ? calledToday(record) : undefined;
    const { url, name } = today ?? record;
    const marked = maybeMarked && unmarked(name, url) !== undefined;
    if (today === undefined && !marked) return undefined;
    return { key: keyOf(url, name), marked, renamed: name !== record.name, record };
  }

  /** By which the item of a record is known today. */
  keyAt(payload: Buffer, at: number): Key {
    return this.at(payload, at)?.key ?? keyAt(payload, at);
  }
}

/** A key as a key of a map. */
export function textOf({ a, b, c }: Key): string {
  return `${a} ${b} ${c}`;
}
