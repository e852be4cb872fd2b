/** Names with folders before them: paths below the destination that lead nowhere else. */

import { Buffer } from 'node:buffer';

import { MAX_NAME_BYTES, hexHash, join, safeName } from './names.js';

/** Parts of a path, its own name included. */
export const MAX_LEVELS = 32;
/** The longest path, in bytes of UTF-8. macOS takes 1,024 in all: the rest is room for the destination. */
export const MAX_PATH_BYTES = 800;
/** What a layout and the marks of {@link markedFolder} may add to both. */
const MORE_LEVELS = 2;
const MORE_BYTES = 400;

/** What says nothing about where a file lies, or leads out. */
const NO_PART = new Set(['', '.', '..']);

/**
 * The text as a path of a file: folders are made of its slashes, each of them and the name as {@link safeName} makes them;
 * what is empty, `.` or `..` is left out. Of a path that is too long or too deep, the folders that are too many become one
 * that is named by their hash. A safe path is returned as it is.
 */
export function safePath(text: string): string {
  if (!text.includes('/')) return safeName(text);
  const parts = text
    .split('/')
    .filter((part) => !NO_PART.has(part))
    .map(safeName);
  const own = parts.pop() ?? safeName('');
  const kept = leading(parts, MAX_LEVELS - 1, MAX_PATH_BYTES - Buffer.byteLength(own));
  if (kept === parts.length) return [...parts, own].join('/');
  const cut = leading(parts, MAX_LEVELS - 2, MAX_PATH_BYTES - Buffer.byteLength(own) - '_01234567/'.length);
  return [...parts.slice(0, cut), `_${hexHash(parts.slice(cut).join('/'))}`, own].join('/');
}

/** How many of the folders fit, from the first on. */
function leading(folders: readonly string[], most: number, bytes: number): number {
  let left = bytes;
  const end = folders.findIndex((folder, at) => (left -= Buffer.byteLength(folder) + 1) < 0 || at === most);
  return end === -1 ? folders.length : end;
}

/** Whether items may have this name: safe, and so is each folder before it. */
export function isItemName(name: string): boolean {
  if (!name.includes('/')) return safeName(name) === name;
  const parts = name.split('/');
  if (parts.length > MAX_LEVELS + MORE_LEVELS || Buffer.byteLength(name) > MAX_PATH_BYTES + MORE_BYTES) return false;
  return parts.every((part) => safeName(part) === part);
}

/** Folders that a plain name has at the most: those of the layout `hashed`. */
const PLAIN_FOLDERS = 2;
const LETTER = /[A-Za-z0-9_]/;
const OTHER = 0;
const WITHIN = 1;
const FIRST = 2;
/** What each byte is to a name: at its beginning or not, only after that, or nothing that is plain. */
const IN_NAMES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return LETTER.test(character) ? FIRST : /[.-]/.test(character) ? WITHIN : OTHER;
});
const DOT = 0x2e;
const SLASH = 0x2f;

/**
 * {@link isItemName} for the bytes of plain names, as nearly all are, in a tenth of its time: letters, digits, and what may be
 * between them. False for all others.
 */
export function isPlainItemName(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > MAX_NAME_BYTES) return false;
  let start = from;
  let stem = -1;
  let folders = 0;
  for (let at = from; at <= to; at += 1) {
    const byte = at === to ? SLASH : bytes[at]!;
    if (byte === SLASH) {
      const letters = (stem === -1 ? at : stem) - start;
      // Devices have three letters, or four.
      if (at === start || bytes[at - 1] === DOT || letters === 3 || letters === 4) return false;
      if (at < to) folders += 1;
      start = at + 1;
      stem = -1;
    } else {
      if (IN_NAMES[byte]! < (at === start ? FIRST : WITHIN)) return false;
      if (byte === DOT && stem === -1) stem = at;
    }
  }
  return folders <= PLAIN_FOLDERS;
}

/** The folders of a path, each with those above it, from the top down. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    folders.push(path.slice(0, slash));
  }
  return folders;
}

/**
 * The folder that is used in the place of one whose name a file has: the same for all items in it, in every run.
 *
 * @param attempt from 0, where another file has that name, too
 */
export function markedFolder(folder: string, attempt = 0): string {
  const own = folder.lastIndexOf('/') + 1;
  const mark = hexHash(attempt === 0 ? folder : `${folder}\n${attempt}`);
  return folder.slice(0, own) + join(folder.slice(own), `-${mark}`);
}

/** What a marked folder ends in. */
const MARK = /-[0-9a-f]{8}$/;

/**
 * What an earlier run may have called an item, whose plan had other items before it, or whose build made no folders: with
 * one of its folders marked, or without the mark, or as one name.
 */
export function* formerPaths(path: string): Generator<string, void, undefined> {
  for (const folder of foldersOf(path)) {
    const rest = path.slice(folder.length);
    const before = folder.replace(MARK, '');
    if (before !== folder && markedFolder(before) === folder) yield before + rest;
    yield markedFolder(folder) + rest;
  }
  yield safeName(path);
}
