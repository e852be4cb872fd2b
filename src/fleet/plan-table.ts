/**
 * What is known of each row of a plan, as a table: one row for each row of its shards' lists, in their order, whatever has
 * become of it, and by whom. The lists say which rows there are, the journals what became of them: so rows that nobody has
 * begun are there, too, and none is there twice. One shard is in memory at a time.
 */
import type { Columns, Duplicate, Entry, Item } from '../item.js';
import { type Rows, pending, refused, Table, type TableRow } from '../journal/table.js';
import { keyOf } from '../journal/state-index.js';
import { isInShards } from '../protocol/layouts.js';
import { journalOf } from './journals.js';
import type { Manifest } from './manifest.js';
import { readShard } from './shard-list.js';

export class PlanTable implements Rows {
  readonly #directory: string;
  readonly #manifest: Manifest;
  /** Told of a shard of whose rows nobody knows what became of them, and why. */
  readonly #onUnknown: (shard: number, why: string) => void;
  readonly #told = new Set<number>();
  #elsewhere: Elsewhere | undefined;

  /** @param directory the destination, absolute */
  constructor(directory: string, manifest: Manifest, onUnknown: (shard: number, why: string) => void) {
    this.#directory = directory;
    this.#manifest = manifest;
    this.#onUnknown = onUnknown;
  }

  get someDetails(): boolean {
    return this.#manifest.someDetails;
  }

  async *rows(): AsyncGenerator<readonly TableRow[], void, undefined> {
    this.#elsewhere ??= await this.#findElsewhere();
    this.#elsewhere.forget();
    for (const shard of this.#manifest.shards.keys()) {
      const known = await this.#journal(shard);
      for await (const entries of readShard(this.#directory, this.#manifest, shard)) {
        const rows = entries.flatMap((entry) => this.#rowOf(entry, known) ?? []);
        if (rows.length > 0) yield rows;
      }
    }
  }

  /** What the journal of a shard tells of its items, by their names, which are unique in a plan. */
  async #journal(shard: number): Promise<ReadonlyMap<string, TableRow>> {
    const known = new Map<string, TableRow>();
    const journal = await journalOf(this.#directory, shard);
    if (journal.kind === 'none') return known;
    try {
      if (journal.kind === 'missing') throw new Error(journal.why);
      const table = await Table.open(journal.path, this.#directory);
      for await (const rows of table?.rows() ?? []) {
        for (const row of rows) if (row.status !== 'refused' && !row.repeats) known.set(row.item.name, row);
      }
      await table?.close();
    } catch (error) {
      if (!this.#told.has(shard)) this.#onUnknown(shard, (error as Error).message);
      this.#told.add(shard);
      known.clear();
    }
    return known;
  }

  #rowOf(entry: Entry, known: ReadonlyMap<string, TableRow>): TableRow | undefined {
    const inShards = isInShards(this.#manifest.layout);
    if (entry.kind === 'refused') {
      const { index, text, error, columns } = entry.refused;
      return refused({ text, ...error, ...(columns && { columns }) }, index, inShards);
    }
    if (entry.kind === 'duplicate') return this.#elsewhere?.rowOf(entry.duplicate);
    const row = rowOf(entry.item, known.get(entry.item.name), inShards);
    this.#elsewhere?.note(row);
    return row;
  }

  /** A row that is an item already may be of another shard than the item. */
  async #findElsewhere(): Promise<Elsewhere> {
    const elsewhere = new Elsewhere();
    for (const [shard, { rows, items }] of this.#manifest.shards.entries()) {
      if (rows === items || !this.someDetails) continue;
      for await (const entries of readShard(this.#directory, this.#manifest, shard)) {
        for (const entry of entries) if (entry.kind === 'duplicate') elsewhere.expect(entry.duplicate);
      }
    }
    return elsewhere;
  }
}

function rowOf({ index, url, name, details }: Item, known: TableRow | undefined, inShards: boolean): TableRow {
  if (known === undefined) return pending({ index, key: keyOf(url, name), url, name }, details, inShards);
  return { ...known, item: { ...known.item, index }, details };
}

/** What became of the items that other rows are, too: the rows of items come before those. */
class Elsewhere {
  /** By URL. */
  readonly #rows = new Map<string, TableRow[]>();

  /** A row without columns of its own says nothing more. */
  expect({ url, row }: Duplicate): void {
    if (row !== undefined) this.#rows.set(url, []);
  }

  /** The rows are gone through once more. */
  forget(): void {
    for (const rows of this.#rows.values()) rows.length = 0;
  }

  note(row: TableRow): void {
    if (this.#rows.size > 0) this.#rows.get(row.item.url)?.push(row);
  }

  rowOf({ index, url, row }: Duplicate): TableRow | undefined {
    if (row === undefined) return undefined;
    const items = this.#rows.get(url) ?? [];
    // Without a name of its own it is an item of whatever name.
    const item = items.find(({ item: { name } }) => name === row.name) ?? items[0];
    return item && repeated(item, index, row.columns);
  }
}

/** All that is known of an item, with the columns of another row. */
function repeated(row: TableRow, index: number, columns: Columns): TableRow {
  return { ...row, item: { ...row.item, index }, repeats: true, details: { ...row.details, columns } };
}
