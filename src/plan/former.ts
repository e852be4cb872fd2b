/**
 * What older builds called an item. They left a URL as their version of Node wrote it, and the name has its hash in it: in
 * the folder, and in the suffix of a name that another item had.
 */
import { normalise } from './address.js';
import { CodeUnits } from '../shared/code-units.js';
import { murmur3 } from '../shared/murmur3.js';
import { hashedFolder, hexHash, marked, nameFromUrl } from './names.js';

/** Where an item is, and what it is called there. */
export interface Former {
  readonly url: string;
  readonly name: string;
}

const text = new CodeUnits();
const hash = new Uint32Array(4);

/** What the plan calls an item today. Undefined if that is what it was called. */
export function calledToday({ url, name }: Former): Former | undefined {
  const today = normalise(url);
  if (today === url) return undefined;
  const before = namesOf(url);
  const after = namesOf(today);
  const slash = name.lastIndexOf('/') + 1;
  const own = name.slice(slash);
  const ownToday =
    own === before.own
      ? after.own
      : own === marked(before.own, before.mark)
        ? marked(after.own, after.mark)
        : own.replace(`-${before.mark}`, `-${after.mark}`);
  return { url: today, name: (slash === 0 ? '' : after.folder) + ownToday };
}

function namesOf(url: string): { readonly own: string; readonly mark: string; readonly folder: string } {
  text.load(url);
  murmur3(text, hash);
  return { own: nameFromUrl(url, text), mark: hexHash(url), folder: hashedFolder(hash) };
}
