/** Records of older builds, which called some items otherwise than today's plan does, and knew them by other keys. */
import type { Buffer } from 'node:buffer';
import { calledToday } from '../plan/former.js';
import { itemAt, type ItemRecord, type Key, keyAt } from './format.js';
import { keyOf } from './ledger.js';

export interface FormerRecord {
  /** By which the item is known today. */
  readonly key: Key;
  /** Whether its file is called otherwise, too. */
  readonly renamed: boolean;
  readonly record: ItemRecord;
}

/** Finds them among the records of a journal, at next to no cost for all others. */
export class FormerRecords {
  /** Of the frame that was asked for last. */
  #payload: Buffer | undefined;
  #some = false;

  /** Undefined for a record of an item that is called today as it was. */
  at(payload: Buffer, at: number): FormerRecord | undefined {
    if (payload !== this.#payload) {
      this.#payload = payload;
      // Without one of these in it, a URL is what it was.
      this.#some = payload.includes('^') || payload.includes('/.');
    }
    if (!this.#some) return undefined;
    const record = itemAt(payload, at);
    const today = calledToday(record);
    return today && { key: keyOf(today.url, today.name), renamed: today.name !== record.name, record };
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
