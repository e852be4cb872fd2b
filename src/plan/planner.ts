/** Turns rows and requests into entries; knows the URLs and names that were there. */
import { isAbsolute, relative, sep } from 'node:path';
import { inspect } from 'node:util';

import type { PlainError } from '../errors.js';
import type { Checksum, Columns, Entry, Item, ItemDetails } from '../item.js';
import type { Fault } from '../lists/fault.js';
import { controlFault, MAX_LINE_BYTES, TOO_LONG } from '../lists/lines.js';
import { detailsOf, formFault } from '../lists/request.js';
import type { ListReader, ListRow } from '../lists/row.js';
import type { ItemRequest } from '../lists/source.js';
import { baseOf } from '../protocol/layouts.js';
import type { Layout } from '../protocol/settings.js';
import { CodeUnits, Has } from '../shared/code-units.js';
import { type Hash, murmur3 } from '../shared/murmur3.js';
import { printable, withoutPassword } from '../shared/printable.js';
import { AddressParser, whyRefused } from './address.js';
import { FingerprintSet } from './fingerprints.js';
import { Namer } from './namer.js';
import { hashedFolder, markedFor, nameFromUrl, plainName } from './names.js';
import type { Room } from './overflow.js';
import { safePath } from './paths.js';
import type { PlanProgress } from './progress.js';
import { NameRegistry } from './registry.js';
import type { Template } from './template.js';

/** The most entries that are handed on at once. */
export const BATCH_ENTRIES = 64;

export interface PlanOptions {
  /** Default: `flat`. */
  readonly layout?: Layout | undefined;
  /** Of the names of items to which none is given. Without, they come from the URLs' paths. */
  readonly template?: Template | undefined;
  /** The destination, absolute: a list may say of files that they are in it. */
  readonly directory?: string | undefined;
  /** What files have to have, by their names in the destination. */
  readonly sums?: ReadonlyMap<string, Checksum> | undefined;
  /** Told how far the plan has come. */
  readonly progress?: PlanProgress | undefined;
  /** Whether items tell what has said their names. Default: false. */
  readonly tellNamed?: boolean | undefined;
  /** Gets the objects that items are made of, by their number among all entries. */
  readonly requests?: Map<number, ItemRequest> | undefined;
  /** How much of what is known of URLs and names is held in memory. Default: all of it. */
  readonly room?: Room | undefined;
}

const NAME_FAULT: Fault = {
  message: 'more than one URL and one name',
  hint: 'write one URL on a line, and after a tab, if you like, the name for its file',
};

/** Characters of the mirrors and headers of an item: they go to the journal in one record. */
const MAX_SAID = 256 << 10;
const TOO_MUCH: Fault = {
  message: 'mirrors and headers of more than 262,144 characters',
  hint: 'leave out those that are not needed',
};

/** What is said of an item besides its URL. */
interface Said {
  /** Empty if none is given. */
  readonly name: string;
  /** What comes before the name. */
  readonly folder?: string | undefined;
  readonly details?: ItemDetails | undefined;
}

const NOTHING: Said = { name: '' };

export class Planner {
  /** Of the text that is at hand, then of its URL. */
  readonly units = new CodeUnits();
  readonly #addresses = new AddressParser();
  readonly #names: NameRegistry;
  /** Of the URL that is at hand. */
  readonly #hash = new Uint32Array(4);
  readonly #extended = new Uint32Array(4);
  /**
   * URLs of items with the name from their path, and of items with another name: URL, tab, name, and once more
   * without the name. No tab is in a normalised URL. 96 bits, since a mistake would lose a download.
   */
  readonly #seen: FingerprintSet;
  #someOtherName = false;
  #index = -1;
  /** How many characters of each name are the layout's folder. */
  readonly #base: number;
  readonly #namer: Namer | undefined;
  readonly #directory: string | undefined;
  readonly #requests: PlanOptions['requests'];
  readonly #sums: PlanOptions['sums'];
  readonly #tellNamed: boolean;

  constructor({ layout = 'flat', template, directory, requests, sums, tellNamed = false, room }: PlanOptions) {
    this.#names = new NameRegistry(room);
    this.#seen = new FingerprintSet(96, room);
    this.#base = baseOf(layout);
    this.#namer = template && new Namer(template);
    this.#directory = directory;
    this.#requests = requests;
    this.#sums = sums;
    this.#tellNamed = tellNamed;
  }

  /** Nothing is planned any more. */
  close(): void {
    this.#names.close();
    this.#seen.close();
  }

  /** Entries so far. */
  get count(): number {
    return this.#index + 1;
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
    const { number, text, fault, name, mirrors } = row;
    const columns = row.details?.columns;
    if (fault !== undefined) return this.#refuse(text, source, number, fault, columns);
    if (name === undefined) return this.#ofText(text, source, number);
    if (text.length > MAX_LINE_BYTES) return this.#refuse(text, source, number, TOO_LONG, columns);
    const folder = row.folder === undefined ? '' : this.#folder(row.folder);
    if (typeof folder !== 'string') return this.#refuse(text, source, number, folder, columns);
    const details = this.#withMirrors(row.details, mirrors, text);
    if (details !== undefined && 'fault' in details) {
      return this.#refuse(details.text, source, number, details.fault, columns);
    }
    return this.#entry(text, { name, folder, details }, text, source, number);
  }

  /** Below the destination; or why it cannot be. */
  #folder(folder: string): string | Fault {
    if (!isAbsolute(folder)) return folder;
    const below = this.#directory === undefined ? '..' : relative(this.#directory, folder);
    if (below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below)) return below.replaceAll(sep, '/');
    const message = `the folder ${printable(folder, 1000)} is not in the destination`;
    return { message, hint: 'name it with --directory, or leave it out of the list' };
  }

  /** With the mirrors normalised; or the one that is no URL. The code units of the text are loaded afterwards. */
  #withMirrors(
    details: ItemDetails | undefined,
    texts: readonly string[] | undefined,
    text: string,
  ): ItemDetails | undefined | { readonly text: string; readonly fault: Fault } {
    const headers = details?.headers;
    if (headers === undefined && (texts === undefined || texts.length === 0)) return details;
    const length = [...(headers ?? []), ...(texts ?? [])].reduce((sum, part) => sum + part.length, 0);
    if (length > MAX_SAID) return { text, fault: TOO_MUCH };
    if (texts === undefined || texts.length === 0) return details;
    const mirrors: string[] = [];
    for (const mirror of texts) {
      const fault = controlFault(mirror);
      this.units.load(mirror);
      const address = fault === undefined ? this.#addresses.parse(mirror, this.units) : undefined;
      if (address === undefined) return { text: mirror, fault: fault ?? whyRefused(mirror) };
      mirrors.push(address.url);
    }
    this.units.load(text);
    return { ...details, mirrors };
  }

  *ofUrls(urls: Iterable<string | URL | ItemRequest>, source: string): Generator<Entry, void, undefined> {
    let line = 0;
    for (const url of urls) yield this.ofUrl(url, source, (line += 1));
  }

  *ofItems(items: Iterable<Item>): Generator<Entry, void, undefined> {
    for (const item of items) {
      this.#index = Math.max(this.#index, item.index);
      this.#names.reserve(item.name.slice(this.#base));
      yield { kind: 'item', item: this.#tellNamed && !isFromUrl(item) ? { ...item, named: 'list' } : item };
    }
  }

  ofUrl(given: string | URL | ItemRequest, source: string, line: number): Entry {
    this.#index += 1;
    const form = typeof given === 'string' ? undefined : formFault(given);
    if (form !== undefined) return this.#refuse(inspect(given), source, line, form);
    const wanted = given instanceof URL ? given.href : given;
    const text = (typeof wanted === 'string' ? wanted : String(wanted.url)).trim();
    if (typeof wanted === 'object') this.#requests?.set(this.#index, wanted);
    const fault = controlFault(text);
    if (fault !== undefined) return this.#refuse(text, source, line, fault);
    this.units.load(text);
    return typeof wanted === 'string' ? this.#ofText(text, source, line) : this.#ofRequest(wanted, text, source, line);
  }

  #ofRequest(request: ItemRequest, text: string, source: string, line: number): Entry {
    const own = detailsOf(request);
    if (own !== undefined && 'message' in own) return this.#refuse(text, source, line, own);
    const details = this.#withMirrors(own, request.mirrors, text);
    if (details !== undefined && 'fault' in details) return this.#refuse(details.text, source, line, details.fault);
    return this.#entry(text, { name: request.name ?? '', details }, text, source, line);
  }

  #ofText(text: string, source: string, line: number): Entry {
    if ((this.units.kinds & Has.tab) === 0) return this.#entry(text, NOTHING, text, source, line);
    const tab = text.indexOf('\t');
    const name = text.slice(tab).trim();
    // Lists for aria2 have more URLs of the same file after tabs.
    if (name.includes('\t') || /^https?:\/\//i.test(name)) return this.#refuse(text, source, line, NAME_FAULT);
    const url = text.slice(0, tab).trimEnd();
    this.units.cut(url.length);
    return this.#entry(url, { name }, text, source, line);
  }

  /** @param wanted whose code units have been loaded */
  #entry(wanted: string, { name: said, folder, details }: Said, text: string, source: string, line: number): Entry {
    const address = this.#addresses.parse(wanted, this.units);
    if (address === undefined) return this.#refuse(text, source, line, whyRefused(wanted), details?.columns);
    const { url, origin, path } = address;
    const hash = this.#hash;
    murmur3(this.units, hash);
    const layoutFolder = this.#base > 0 ? hashedFolder(hash) : '';
    const index = this.#index;
    let ownName = nameFromUrl(url, this.units);
    let given: string | undefined;
    if (folder) given = safePath(`${folder}/${said || ownName}`);
    else if (said) given = safePath(said);
    if (this.#namer !== undefined && given === undefined) {
      const name = this.#namer.nameOf({ url, origin, path, index, hash, columns: details?.columns }, this.units);
      if (typeof name !== 'string') return this.#refuse(text, source, line, name, details?.columns);
      if (this.#namer.byColumns) given = name;
      else ownName = name;
    }
    if (this.#wasSeen(ownName, given)) {
      this.#requests?.delete(index);
      const columns = details?.columns;
      const row = columns === undefined ? {} : { row: { name: layoutFolder + (given ?? ownName), columns } };
      return { kind: 'duplicate', duplicate: { index, url, ...row } };
    }
    const asked = given ?? ownName;
    const isPath = (given !== undefined || this.#namer !== undefined) && asked.includes('/');
    const unique = isPath ? this.#names.claimPath(asked, url) : this.#names.claim(asked, url);
    const name = layoutFolder === '' ? unique : layoutFolder + unique;
    const all = this.#sums === undefined ? details : this.#withSum(this.#sums, name, details);
    const item: Item = { index, url, origin, path, name, details: all };
    if (!this.#tellNamed || (given === undefined && this.#namer === undefined)) return { kind: 'item', item };
    const byTemplate = this.#namer !== undefined && !said && !folder;
    return { kind: 'item', item: said || byTemplate ? { ...item, named: said ? 'list' : 'template' } : item };
  }

  /** A checksum that the list has counts for more; a name is found with the layout's folder, and without. */
  #withSum(
    sums: ReadonlyMap<string, Checksum>,
    name: string,
    details: ItemDetails | undefined,
  ): ItemDetails | undefined {
    const checksum = details?.checksum ?? sums.get(name) ?? sums.get(name.slice(this.#base));
    return checksum === undefined ? details : { ...details, checksum };
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

  #refuse(text: string, source: string, line: number, fault: Fault, columns?: Columns): Entry {
    const shown = printable(withoutPassword(text));
    const message = `${printable(source, 1000)}:${line}: ${fault.message}${shown === '' ? '' : `: ${shown}`}`;
    const error: PlainError = { code: 'LIST_LINE', message, hint: fault.hint };
    const kept = columns === undefined ? {} : { columns };
    return { kind: 'refused', refused: { index: this.#index, source, line, text: shown, error, ...kept } };
  }
}

/** Of an item of an earlier run nobody knows any more what has said its name. */
function isFromUrl({ name, url }: Item): boolean {
  const own = name.slice(name.lastIndexOf('/') + 1);
  const plain = plainName(url);
  return own === plain || own === markedFor(plain, url);
}
