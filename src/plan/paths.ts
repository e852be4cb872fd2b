/** Names with folders before them: paths below the destination that lead nowhere else. */

import { Buffer } from 'node:buffer';

import { hexHash, join, safeName } from './names.js';

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
