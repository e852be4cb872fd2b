/** The layouts, each in a row: what else has to know of one, it asks here. */
import type { Layout } from './settings.js';

interface LayoutTraits {
  /** Folders that files go to, as paths in the destination; none where items have no files of their own. */
  readonly folders: readonly string[];
  /**
   * Items are members of shards: they are stored when their shard gets its name, their number in the run is their key, and
   * runs into shards and runs into files know nothing of one another.
   */
  readonly inShards: boolean;
  /** A layout with a lock for each of many folders, where one folder holds up all writers. */
  readonly spread?: Layout;
  /** One that gets by with fewer names. */
  readonly packed?: Layout;
}

const HEX = Array.from('0123456789abcdef');

export const LAYOUTS: Readonly<Record<Layout, LayoutTraits>> = {
  flat: { folders: [''], inShards: false, spread: 'hashed', packed: 'tar' },
  hashed: {
    // Two levels, because a folder can only be made while its parent's lock is held: 256 side by side would be made one
    // after the other.
    folders: HEX.flatMap((first) => HEX.map((second) => `${first}/${second}`)),
    inShards: false,
    packed: 'tar',
  },
  tar: { folders: [], inShards: true },
};

export function isInShards(layout: Layout): boolean {
  return LAYOUTS[layout].inShards;
}

/** How many characters of a name are the layout's folder. */
export function baseOf(layout: Layout): number {
  const [first = ''] = LAYOUTS[layout].folders;
  return first === '' ? 0 : `${first}/`.length;
}
