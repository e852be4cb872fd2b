/** The columns of a shard's parquet file, as img2dataset has them. */
import { memberKey } from '../../../workers/shard-name.js';
import type { TableRow } from '../../journal/table.js';
import { withoutPassword, withoutUrl } from '../../shared/printable.js';
import { failureOf, type Field, keptFields } from '../table/fields.js';
import { type Survey, shardOf } from './survey.js';

export const SUCCESS = 'success';
export const FAILED = 'failed_to_download';

/** Pixels are not measured. */
const UNKNOWN: readonly Field[] = [
  ...['width', 'height', 'original_width', 'original_height'].map((name): Field => {
    return { name, type: 'whole', of: () => undefined };
  }),
  { name: 'exif', type: 'text', of: () => undefined },
];

/** Why an item is not in its dataset; undefined for one that is. */
export function errorOf(row: TableRow, shards: ReadonlySet<number>): string | undefined {
  const failure = failureOf(row);
  // The URL is in the row; messages without it can be counted.
  if (failure !== undefined) return withoutUrl(failure.message, row.item.url);
  if (row.status !== 'stored') return 'it was not finished';
  return shardOf(row, shards) === undefined ? 'its shard is not there any more' : undefined;
}

export function datasetFields({ columns, algorithms }: Survey, shards: ReadonlySet<number>): readonly Field[] {
  const isThere = (row: TableRow): boolean => errorOf(row, shards) === undefined;
  const url: Field = { name: 'url', type: 'text', of: ({ item }) => withoutPassword(item.url) };
  const own: readonly Field[] = [
    // What is in no shard has no key: that of another run may be the same.
    { name: 'key', type: 'text', of: (row) => (isThere(row) ? memberKey(row.item.index) : undefined) },
    { name: 'status', type: 'text', of: (row) => (isThere(row) ? SUCCESS : FAILED) },
    { name: 'error_message', type: 'text', of: (row) => errorOf(row, shards) },
    ...UNKNOWN,
    ...[...algorithms].map((algorithm): Field => {
      const hexOf = ({ learned }: TableRow): string | undefined =>
        learned?.checksum?.algorithm === algorithm ? learned.checksum.hex : undefined;
      return { name: algorithm, type: 'text', of: (row) => (isThere(row) ? hexOf(row) : undefined) };
    }),
  ];
  const kept = new Map([...columns].filter(([name]) => name !== url.name));
  const names = own.map(({ name }) => name);
  return [url, ...keptFields(kept, names), ...own];
}
