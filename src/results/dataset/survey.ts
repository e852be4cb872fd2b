/** What has to be known of a table before it is written shard by shard. */
import type { ChecksumAlgorithm } from '../../item.js';
import type { Table, TableRow } from '../../journal/table.js';
import { Columns } from '../table/columns.js';
import type { FieldType } from '../table/fields.js';

export interface Survey {
  /** Columns of lists that are kept. */
  readonly columns: ReadonlyMap<string, FieldType>;
  /** Of the checksums that are known of what is stored. */
  readonly algorithms: ReadonlySet<ChecksumAlgorithm>;
  /** How many rows go to each shard, by its number. */
  readonly counts: ReadonlyMap<number, number>;
  /** That of the first row of the list that is stored; 0 without any. */
  readonly first: number;
  /** None is stored, and some may be yet: nobody knows what their shards will be called. */
  readonly isOpen: boolean;
}

/** @param shards numbers of those that are there */
export async function survey(table: Table, shards: ReadonlySet<number>): Promise<Survey> {
  const columns = new Columns();
  const algorithms = new Set<ChecksumAlgorithm>();
  const counts = new Map<number, number>();
  const add = (shard: number, rows: number): void => void counts.set(shard, (counts.get(shard) ?? 0) + rows);
  const places = new Placing(shards, undefined);
  let first: number | undefined;
  let before = 0;
  let somePending = false;
  for await (const batch of table.rows()) {
    for (const row of batch) {
      if (!isSample(row)) continue;
      columns.note(row);
      somePending ||= row.status === 'pending';
      const algorithm = row.learned?.checksum?.algorithm;
      if (algorithm !== undefined) algorithms.add(algorithm);
      const shard = places.of(row);
      first ??= shard;
      if (shard === undefined) before += 1;
      else add(shard, 1);
    }
  }
  if (before > 0) add(first ?? 0, before);
  const isOpen = first === undefined && somePending;
  return { columns: columns.types, algorithms, counts, first: first ?? 0, isOpen };
}

/** Whether a row has one of its own in a dataset: a sample that is there twice has one. */
export function isSample({ inShards, repeats }: TableRow): boolean {
  return inShards && !repeats;
}

/** The shard that an item is in; undefined for one that is in none of those that are there. */
export function shardOf(row: TableRow, shards: ReadonlySet<number>): number | undefined {
  const shard = row.status === 'stored' ? row.stored.shard : undefined;
  return shard !== undefined && shards.has(shard) ? shard : undefined;
}

/** To which shard rows go, in the order of the list: what is in none goes to that of the row before. */
export class Placing {
  readonly #shards: ReadonlySet<number>;
  #last: number | undefined;

  /** @param first where rows go that come before all that are stored */
  constructor(shards: ReadonlySet<number>, first: number | undefined) {
    this.#shards = shards;
    this.#last = first;
  }

  of(row: TableRow): number | undefined {
    this.#last = shardOf(row, this.#shards) ?? this.#last;
    return this.#last;
  }
}
