/**
 * The plan: URLs from arguments, lists and standard input -> items with names. Streamed: of a list, one chunk is
 * in memory, and 33 bytes for each URL, by which it and its name are known again.
 */

import { setImmediate } from 'node:timers/promises';

import type { PlainError } from '../errors.js';
import { AddressParser, whyRefused } from './address.js';
import type { Fault } from '../lists/fault.js';
import { FingerprintSet } from './fingerprints.js';
import { CodeUnits, Has } from '../shared/code-units.js';
import { controlFault, MAX_LINE_BYTES, TOO_LONG } from '../lists/lines.js';
import { type List, Lists } from '../lists/open.js';
import type { ListReader, ListRow } from '../lists/row.js';
import { type Hash, murmur3 } from '../shared/murmur3.js';
import { hashedFolder, nameFromUrl, NameRegistry, safeName } from './names.js';
import { printable, withoutPassword } from '../shared/printable.js';
import type { Layout } from '../protocol/settings.js';
import type { Entry, Item } from '../item.js';
import type { ItemRequest, Source } from '../lists/source.js';
import { LAYOUTS } from '../protocol/layouts.js';

/** The most entries that are handed on at once. */
const BATCH_ENTRIES = 64;
/** How long the plan keeps the event loop, in milliseconds. */
const MAX_TURN_MS = 1;

/**
 * The entries of all sources, in order, in arrays of 1 to 64. Lazy: nothing is read before it is asked for, but for
 * the rest of what was read at once, 256 KiB, and no entry waits for input that comes after it.
 * @throws SluiceError LIST_UNREADABLE; before the first entry if a list cannot be opened
 */
export async function* plan(
  sources: Iterable<Source>,
  layout: Layout = 'flat',
): AsyncGenerator<readonly Entry[], void, undefined> {
  const planner = new Planner(LAYOUTS[layout].folders.length > 1);
  const lists = new Lists(planner.units);
  const turn = new Turn();
  try {
    const opened = [];
    for (const source of sources) {
      const isList = source.kind === 'file' || source.kind === 'stream';
      opened.push(isList ? ({ kind: 'list', list: await lists.add(source) } as const) : source);
    }
    for (const source of opened) {
      if (source.kind === 'list') {
        yield* ofList(source.list, planner, turn);
      } else if (source.kind === 'items') {
        if (Symbol.iterator in source.items) {
          yield* inBatches(planner.ofItems(source.items), turn);
        } else {
          for await (const item of source.items) yield* inBatches(planner.ofItems([item]), turn);
        }
      } else if (Symbol.iterator in source.urls) {
        yield* inBatches(planner.ofUrls(source.urls, source.label), turn);
      } else {
        let line = 0;
        for await (const url of source.urls) yield* inBatches([planner.ofUrl(url, source.label, (line += 1))], turn);
      }
    }
  } finally {
    await lists.close();
  }
}

async function* ofList(list: List, planner: Planner, turn: Turn): AsyncGenerator<readonly Entry[], void, undefined> {
  const reader = await list.read();
  do {
    for (;;) {
      const batch = planner.ofRows(reader, list.label);
      if (batch.length > 0) yield batch;
      if (turn.isOver) await turn.next();
      if (batch.length < BATCH_ENTRIES) break;
    }
  } while (await reader.more());
  await list.close();
}

async function* inBatches(entries: Iterable<Entry>, turn: Turn): AsyncGenerator<readonly Entry[], void, undefined> {
  let batch: Entry[] = [];
  for (const entry of entries) {
    if (batch.push(entry) < BATCH_ENTRIES) continue;
    yield batch;
    batch = [];
    if (turn.isOver) await turn.next();
  }
  if (batch.length > 0) yield batch;
  if (turn.isOver) await turn.next();
}

/** The plan's share of the event loop. Without it a source that is in memory would be planned in one go. */
class Turn {
  #start = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#start > MAX_TURN_MS;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#start = performance.now();
  }
}

const NAME_FAULT: Fault = {
  message: 'more than one URL and one name',
  hint: 'write one URL on a line, and after a tab, if you like, the name for its file',
};

/** Turns texts into entries; knows the URLs and names that were there. */
class Planner {
  readonly #addresses = new AddressParser();
  readonly #names = new NameRegistry();
  /** Of the text that is at hand, then of its URL. */
  readonly units = new CodeUnits();
  /** Of the URL that is at hand. */
  readonly #hash = new Uint32Array(4);
  readonly #extended = new Uint32Array(4);
  /**
   * URLs of items with the name from their path, and of items with another name: URL, tab, name, and once more
   * without the name. No tab is in a normalised URL. 96 bits, since a mistake would lose a download.
   */
  readonly #seen = new FingerprintSet(96);
  #someOtherName = false;
  #index = -1;
  readonly #hashed: boolean;

  constructor(hashed: boolean) {
    this.#hashed = hashed;
  }

  /** The next entries; less than a batch if there are no more in what was read of the list. */
  ofRows(list: ListReader, source: string): Entry[] {
    const batch: Entry[] = [];
    while (batch.length < BATCH_ENTRIES) {
      const row = list.next();
      if (row === undefined) break;
      batch.push(this.#ofRow(row, source));
    }
    return batch;
  }

  /** @param row the last one that was read: the code units of its text are still there */
  #ofRow(row: ListRow, source: string): Entry {
    this.#index += 1;
    const { number, text, fault, name } = row;
    if (fault !== undefined) return this.#refuse(text, source, number, fault);
    if (name === undefined) return this.#ofText(text, source, number);
    if (text.length > MAX_LINE_BYTES) return this.#refuse(text, source, number, TOO_LONG);
    const { mirrors, details } = row;
    const urls = mirrors === undefined ? undefined : this.#mirrors(mirrors);
    if (urls !== undefined && 'fault' in urls) return this.#refuse(urls.text, source, number, urls.fault);
    if (urls !== undefined) this.units.load(text);
    const entry = this.#entry(text, name, text, source, number);
    if (entry.kind !== 'item' || (details === undefined && urls === undefined)) return entry;
    return { kind: 'item', item: { ...entry.item, details: { ...details, ...(urls && { mirrors: urls }) } } };
  }

  /** Normalised; or the one that is no URL. */
  #mirrors(texts: readonly string[]): readonly string[] | { readonly text: string; readonly fault: Fault } {
    const urls: string[] = [];
    for (const text of texts) {
      const fault = controlFault(text);
      this.units.load(text);
      const address = fault === undefined ? this.#addresses.parse(text, this.units) : undefined;
      if (address === undefined) return { text, fault: fault ?? whyRefused(text) };
      urls.push(address.url);
    }
    return urls;
  }

  *ofUrls(urls: Iterable<string | ItemRequest>, source: string): Generator<Entry, void, undefined> {
    let line = 0;
    for (const url of urls) yield this.ofUrl(url, source, (line += 1));
  }

  *ofItems(items: Iterable<Item>): Generator<Entry, void, undefined> {
    for (const item of items) {
      this.#index = Math.max(this.#index, item.index);
      this.#names.reserve(item.name.slice(item.name.lastIndexOf('/') + 1));
      yield { kind: 'item', item };
    }
  }

  ofUrl(wanted: string | ItemRequest, source: string, line: number): Entry {
    this.#index += 1;
    const text = (typeof wanted === 'string' ? wanted : wanted.url).trim();
    const fault = controlFault(text);
    if (fault !== undefined) return this.#refuse(text, source, line, fault);
    this.units.load(text);
    return typeof wanted === 'string'
      ? this.#ofText(text, source, line)
      : this.#entry(text, wanted.name, text, source, line);
  }

  #ofText(text: string, source: string, line: number): Entry {
    if ((this.units.kinds & Has.tab) === 0) return this.#entry(text, undefined, text, source, line);
    const tab = text.indexOf('\t');
    const name = text.slice(tab).trim();
    // Lists for aria2 have more URLs of the same file after tabs.
    if (name.includes('\t') || /^https?:\/\//i.test(name)) return this.#refuse(text, source, line, NAME_FAULT);
    const url = text.slice(0, tab).trimEnd();
    this.units.cut(url.length);
    return this.#entry(url, name, text, source, line);
  }

  /** @param wanted whose code units have been loaded */
  #entry(wanted: string, givenName: string | undefined, text: string, source: string, line: number): Entry {
    const address = this.#addresses.parse(wanted, this.units);
    if (address === undefined) return this.#refuse(text, source, line, whyRefused(wanted));
    const { url, origin, path } = address;
    const hash = this.#hash;
    murmur3(this.units, hash);
    const folder = this.#hashed ? hashedFolder(hash) : '';
    const ownName = nameFromUrl(url, this.units);
    const given = givenName ? safeName(givenName) : undefined;
    const index = this.#index;
    if (this.#wasSeen(ownName, given)) return { kind: 'duplicate', duplicate: { index, url } };
    const name = this.#names.claim(given ?? ownName, url);
    return { kind: 'item', item: { index, url, origin, path, name: folder === '' ? name : folder + name } };
  }

  /** Whether the URL was there whose code units and hash are at hand. */
  #wasSeen(ownName: string, given: string | undefined): boolean {
    if (given === undefined || given === ownName) {
      if (given === undefined && this.#someOtherName && this.#seen.has(this.#hashWith('\t'))) return true;
      return !this.#seen.add(this.#hash);
    }
    this.#someOtherName = true;
    this.#seen.add(this.#hashWith('\t'));
    return !this.#seen.add(this.#hashWith(given));
  }

  /** The hash of the code units and what is put after them. */
  #hashWith(more: string): Hash {
    this.units.append(more);
    murmur3(this.units, this.#extended);
    return this.#extended;
  }

  #refuse(text: string, source: string, line: number, fault: Fault): Entry {
    const shown = printable(withoutPassword(text));
    const message = `${printable(source, 1000)}:${line}: ${fault.message}${shown === '' ? '' : `: ${shown}`}`;
    const error: PlainError = { code: 'LIST_LINE', message, hint: fault.hint };
    return { kind: 'refused', refused: { index: this.#index, source, line, text: shown, error } };
  }
}
