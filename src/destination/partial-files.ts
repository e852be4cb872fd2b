/**
 * The beginnings of large bodies that broke off, in this run or an earlier one, and where they lie: with what the server
 * calls the whole, each can be gone on with instead of being fetched again.
 */
import { lstat, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LEAST_KEPT, NOTE, removePartialAsync } from '../../workers/partial.js';
import { keyOf } from '../journal/state-index.js';
import type { Item } from '../item.js';
import type { Kept, PartialJob, Whole } from '../protocol/result.js';

/** The folder's name among the program's own files. */
export const PARTIAL = 'partial';
/** 96 bits in hexadecimal digits. */
const NAME = /^[0-9a-f]{24}$/;

/** What the note beside a file says of it. */
interface Note extends Whole {
  /** Which start of which machine: after another one nobody knows what is in the file. */
  readonly boot: string;
}

interface Partial extends Whole {
  /** Bytes that are there. */
  size: number;
  /** Somebody writes to it. */
  busy: boolean;
  /** It is removed when nobody does. */
  useless: boolean;
}

/** The place of a body that can be gone on with when it breaks off. */
export interface PartialPlace {
  readonly job: PartialJob;
  /** Nobody writes to it any more. */
  readonly onLeft: () => void;
}

export class PartialFiles {
  readonly #folder: string;
  readonly #boot: string;
  readonly #known = new Map<string, Partial>();
  /** Files that are looked at or removed. */
  readonly #inFlight = new Set<Promise<void>>();

  private constructor(folder: string, boot: string) {
    this.#folder = folder;
    this.#boot = boot;
  }

  /**
   * Finds what earlier runs have left, and removes what nobody can go on with. Does not throw: what cannot be read is
   * fetched again.
   *
   * @param own folder of the program's own files in the destination
   * @param boot which start of which machine this is
   */
  static async open(own: string, boot: string): Promise<PartialFiles> {
    const partials = new PartialFiles(join(own, PARTIAL), boot);
    for (const key of await partials.#list()) await partials.#find(key);
    return partials;
  }

  /** Whether something may be known of any item. */
  get some(): boolean {
    return this.#known.size > 0;
  }

  /** An attempt that broke off is still being written to its end, or what is there is being removed. */
  isBusy(item: Item): boolean {
    const partial = this.some ? this.#known.get(nameOf(item)) : undefined;
    return partial !== undefined && (partial.busy || partial.useless);
  }

  /** What there is of an item; its last byte is asked for again, so that there is always a rest. */
  of(item: Item): Kept | undefined {
    const partial = this.some ? this.#known.get(nameOf(item)) : undefined;
    if (partial === undefined) return undefined;
    const { validator, total, place, size } = partial;
    return { validator, total, place, from: Math.min(size, total - 1) };
  }

  /** Where a body is to be written. */
  begin(item: Item, whole: Whole | Kept): PartialPlace {
    const { validator, total, place } = whole;
    const key = nameOf(item);
    const from = 'from' in whole ? whole.from : 0;
    const partial: Partial = { validator, total, place, size: 0, busy: true, useless: false };
    this.#known.set(key, partial);
    const note: Note = { validator, total, place, boot: this.#boot };
    return {
      job: { path: join(this.#folder, key), from, total, note: JSON.stringify(note) },
      onLeft: () => this.#track(this.#look(key, partial)),
    };
  }

  /** The item is stored or never will be, or what there is of it is not to be trusted. */
  forget(item: Item): void {
    if (!this.some) return;
    const key = nameOf(item);
    const partial = this.#known.get(key);
    if (partial === undefined) return;
    partial.useless = true;
    if (!partial.busy) this.#track(this.#removeUseless(key));
  }

  /** @param complete nothing is left to go on with, of this list: then all is removed */
  async close(complete: boolean): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
    const kept = complete ? new Map<string, Partial>() : this.#known;
    for (const key of await this.#list()) if (!kept.has(key)) await this.#remove(key);
    // Which it is only if nothing is in it.
    await rmdir(this.#folder).catch(() => undefined);
  }

  async #look(key: string, partial: Partial): Promise<void> {
    partial.size = await sizeOf(join(this.#folder, key));
    // While it was looked at, its item may have been settled.
    if (partial.useless || partial.size < LEAST_KEPT) await this.#removeUseless(key);
    partial.busy = false;
  }

  async #removeUseless(key: string): Promise<void> {
    await this.#remove(key);
    this.#known.delete(key);
  }

  async #find(key: string): Promise<void> {
    const path = join(this.#folder, key);
    const note = NAME.test(key) ? await readNote(path + NOTE) : undefined;
    const size = await sizeOf(path);
    if (note?.boot !== this.#boot || size < LEAST_KEPT || size > note.total) await this.#remove(key);
    else
      this.#known.set(key, {
        validator: note.validator,
        total: note.total,
        place: note.place,
        size,
        busy: false,
        useless: false,
      });
  }

  async #remove(key: string): Promise<void> {
    await removePartialAsync(join(this.#folder, key)).catch(() => undefined);
  }

  /** A link in the folder's place would lead out of the destination. */
  async #list(): Promise<ReadonlySet<string>> {
    try {
      if (!(await lstat(this.#folder)).isDirectory()) return new Set();
      return new Set((await readdir(this.#folder)).map((name) => name.replace(/\.json$/, '')));
    } catch {
      return new Set();
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }
}

/** By the name of the plan, since a file may get another one from every answer. */
function nameOf({ url, name, planned = name }: Item): string {
  const { a, b, c } = keyOf(url, planned);
  return [a, b, c].map((word) => word.toString(16).padStart(8, '0')).join('');
}

/** Of a file that is there, and no link; else 0. */
async function sizeOf(path: string): Promise<number> {
  try {
    const stats = await lstat(path);
    return stats.isFile() ? stats.size : 0;
  } catch {
    return 0;
  }
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    const { validator, total, place, boot } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    if (typeof validator !== 'string' || typeof place !== 'string' || typeof boot !== 'string') return undefined;
    return Number.isSafeInteger(total) ? { validator, total: total as number, place, boot } : undefined;
  } catch {
    return undefined;
  }
}
