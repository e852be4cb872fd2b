/** Names for files: safe on Linux, macOS, Windows, NFS and SMB, and unique where upper and lower case are the same. */

import { Buffer } from 'node:buffer';

import { CodeUnits, Has } from '../shared/code-units.js';
import { FingerprintSet } from './fingerprints.js';
import type { Room } from './overflow.js';
import { type Hash, murmur3 } from '../shared/murmur3.js';
import { LAYOUTS } from '../protocol/layouts.js';

/** The longest name, in bytes of UTF-8. File systems allow 255; the rest is room for the names of temporary files. */
export const MAX_NAME_BYTES = 200;
/** Of a code unit in UTF-8, at most. */
const MAX_UNIT_BYTES = 3;
const MAX_EXTENSION_BYTES = 16;
/** What is left of a longer text before anything else is done with it, in UTF-16 code units from its start and end. */
const LONG_HEAD = 1000;
const LONG_TAIL = 100;

const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const SLASH = 0x2f;
const DOT = 0x2e;
const DASH = 0x2d;
/** Digits of {@link hexHash}. */
const MARK_LENGTH = 8;
/** Separators, what Windows forbids, and what makes a name unprintable, ill-formed or look like another. */
const UNSAFE = /[<>:"/\\|?*\u2028\u2029\p{Control}\p{Surrogate}\p{Bidi_Control}\p{Noncharacter_Code_Point}]/gu;
/** Reserved on Windows whatever follows the first dot ("Naming Files, Paths, and Namespaces", Microsoft Learn). */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/**
 * The text as the name of a file: never empty, never a path, at most 200 bytes, in NFC. What is unsafe becomes `_`; a
 * leading dot or dash and the names of Windows devices get a `_` before them. A safe name is returned as it is, so
 * that safeName(safeName(x)) === safeName(x).
 */
export function safeName(text: string): string {
  if (PLAIN.test(text) && text.length <= MAX_NAME_BYTES && !text.endsWith('.') && !DEVICE.test(text)) return text;
  // Once more until nothing changes, since a cut can bare what an earlier step has looked for (`CON` and 300 blanks).
  for (let name = text; ;) {
    const safer = makeSafer(name);
    if (safer === name) return name;
    name = safer;
  }
}

function makeSafer(text: string): string {
  const bounded = text.length > LONG_HEAD + LONG_TAIL ? text.slice(0, LONG_HEAD) + text.slice(-LONG_TAIL) : text;
  let name = bounded.normalize('NFC').replace(UNSAFE, '_');
  if (name === '' || name.startsWith('.') || name.startsWith('-') || DEVICE.test(name)) name = `_${name}`;
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    const dot = extensionAt(name);
    name = join(name.slice(0, dot), name.slice(dot));
  }
  let end = name.length;
  while (name[end - 1] === '.' || name[end - 1] === ' ') end -= 1;
  return name.slice(0, end).padEnd(name.length, '_');
}

/**
 * The safe name for what is at a URL: the last segment of the path, its percent escapes decoded where they are UTF-8,
 * without the query, as curl -O and aria2 name files; `index.html` where the path ends with a slash, as wget does.
 * @param url normalised, without fragment
 * @param text the URL's code units
 */
export function nameFromUrl(url: string, text: CodeUnits): string {
  const { units } = text;
  const end = (text.kinds & Has.questionMark) === 0 ? url.length : url.indexOf('?');
  let start = end;
  while (units[start - 1] !== SLASH) start -= 1;
  if (start === end) return 'index.html';
  const segment = url.slice(start, end);
  const kinds = text.kindsOf(start, end);
  if ((kinds & Has.beyondNames) === 0 && units[start] !== DOT && units[start] !== DASH && units[end - 1] !== DOT) {
    // Devices have three or four letters before a dot or the end.
    const maybeDevice = end - start <= 4 || units[start + 3] === DOT || units[start + 4] === DOT;
    if (end - start <= MAX_NAME_BYTES && !(maybeDevice && DEVICE.test(segment))) return segment;
  }
  return safeName((kinds & Has.percent) === 0 ? segment : decode(segment));
}

export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A set of names that takes for one what some file system takes for one. */
export class NameSet {
  /** A mistake of the set is a needless suffix; the same one in every run. */
  readonly #fingerprints: FingerprintSet;
  readonly #text = new CodeUnits();
  readonly #hash = new Uint32Array(4);

  constructor(room?: Room) {
    this.#fingerprints = new FingerprintSet(64, room);
  }

  /** Adds a name; false if it was there. */
  add(name: string): boolean {
    return this.#fingerprints.add(this.#hashOf(name));
  }

  has(name: string): boolean {
    return !this.#fingerprints.isEmpty && this.#fingerprints.has(this.#hashOf(name));
  }

  close(): void {
    this.#fingerprints.close();
  }

  #hashOf(name: string): Hash {
    const text = this.#text;
    text.load(name);
    if (!foldEach(text)) text.load(folded(name));
    murmur3(text, this.#hash);
    return this.#hash;
  }
}

/**
 * The same for all names that some file system takes for one. In upper case, since NTFS compares so, where more are the
 * same (ς, σ and Σ), and by way of lower case, for the few with two upper cases (ß, ẞ and SS); without what HFS+
 * ignores. Where this goes too far, a suffix is needless.
 */
function folded(name: string): string {
  const visible = name.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  return visible.toLowerCase().toUpperCase().normalize('NFC');
}

/** What becomes of one code unit of Latin-1, whatever is beside it; 0 if that is not one code unit. */
const FOLDED = Uint16Array.from({ length: 256 }, (_, unit) => {
  const to = folded(String.fromCharCode(unit));
  return to.length === 1 ? to.charCodeAt(0) : 0;
});

/** As {@link folded}, one by one; false if that cannot be done. */
function foldEach({ units, length }: CodeUnits): boolean {
  for (let at = 0; at < length; at += 1) {
    const unit = units[at]!;
    const to = unit < FOLDED.length ? FOLDED[unit]! : 0;
    if (to === 0) return false;
    units[at] = to;
  }
  return true;
}

/** The name of a later claimant: `stem-XXXXXXXX.ext`; folders before it stay. */
export function marked(name: string, mark: string): string {
  const own = name.lastIndexOf('/') + 1;
  const dot = extensionAt(name);
  return name.slice(0, own) + join(name.slice(own, dot), `-${mark}${name.slice(dot)}`);
}

/** What the registry of a plan gives an item whose name another one has. */
export function markedFor(name: string, url: string): string {
  return marked(name, hexHash(url));
}

/** The name with a number before its extension, as aria2 and browsers give it: `stem.1.ext`; folders before it stay. */
export function numbered(name: string, number: number): string {
  const own = name.lastIndexOf('/') + 1;
  const dot = extensionAt(name);
  return name.slice(0, own) + join(name.slice(own, dot), `.${number}${name.slice(dot)}`);
}

/** The name as it was before {@link markedFor}, but for what a long one lost; undefined for one without the URL's mark. */
export function unmarked(name: string, url: string): string | undefined {
  const beforeMark = MARK_LENGTH + 1;
  const maybe = name[name.length - beforeMark] === '-' || name[name.lastIndexOf('.') - beforeMark] === '-';
  if (!maybe) return undefined;
  const dot = extensionAt(name);
  const dash = dot - beforeMark;
  if (name[dash] !== '-' || name.slice(dash + 1, dot) !== hexHash(url)) return undefined;
  return name.slice(0, dash) + name.slice(dot);
}

/** Where the extension starts, its dot included; the end of the name if there is none, or none that is short. */
export function extensionAt(name: string): number {
  const dot = name.lastIndexOf('.');
  return dot > name.lastIndexOf('/') + 1 && Buffer.byteLength(name.slice(dot)) <= MAX_EXTENSION_BYTES
    ? dot
    : name.length;
}

/** The stem and its end, with the stem cut between two code points where both would be too long. */
export function join(stem: string, end: string): string {
  let room = MAX_NAME_BYTES - Buffer.byteLength(end);
  if (stem.length * MAX_UNIT_BYTES <= room) return stem + end;
  let cut = 0;
  for (const character of stem) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    cut += character.length;
  }
  return stem.slice(0, cut) + end;
}

/** The folder that a URL's file goes to with the layout `hashed`, such as `3/a/`: of 10^8 files 390,000 are in each. */
export function hashedFolder(hash: Hash): string {
  return FOLDERS[hash[0]! >>> 24]!;
}

const FOLDERS = LAYOUTS.hashed.folders.map((folder) => `${folder}/`);

/** {@link nameFromUrl} of a URL whose code units nobody has loaded. */
export function plainName(url: string): string {
  text.load(url);
  return nameFromUrl(url, text);
}

const text = new CodeUnits();
const hash = new Uint32Array(4);

/** Eight hex digits. They are part of names on disk: a change would make a resumed run download again. */
export function hexHash(url: string): string {
  text.load(url);
  murmur3(text, hash);
  return asMark(hash);
}

/** Those digits, by the hash of a URL. */
export function asMark(hash: Hash): string {
  return hash[0]!.toString(16).padStart(MARK_LENGTH, '0');
}
