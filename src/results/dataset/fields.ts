/** The columns of a shard's parquet file, as img2dataset has them. */
import { memberKey } from '../../../workers/shard-name.js';
import type { ErrorCode } from '../../errors.js';
import type { TableRow } from '../../journal/table.js';
import { withoutPassword, withoutUrl } from '../../shared/printable.js';
import { failureOf, type Field, keptFields } from '../table/fields.js';
import { type Survey, shardOf } from './survey.js';

export const SUCCESS = 'success';
const FAILED = 'failed_to_download';
/** It came, and nothing could or should be made of it. */
export const UNFIT = 'failed_to_resize';

/** What img2dataset says of images that it leaves out. */
const LEFT_OUT: Readonly<Partial<Record<ErrorCode, string>>> = {
  IMAGE_SMALL: 'image too small',
  IMAGE_LARGE: 'image area too large',
  IMAGE_NARROW: 'aspect ratio too large',
};

/** Measured where the run looks at images. */
const PIXELS: readonly Field[] = [
  { name: 'width', type: 'whole', of: ({ learned }) => learned?.image?.width },
  { name: 'height', type: 'whole', of: ({ learned }) => learned?.image?.height },
  { name: 'original_width', type: 'whole', of: ({ learned }) => learned?.image?.originalWidth },
  { name: 'original_height', type: 'whole', of: ({ learned }) => learned?.image?.originalHeight },
  { name: 'exif', type: 'text', of: ({ learned }) => learned?.image?.exif },
];

/** Why an item is not in its dataset; undefined for one that is. */
export function errorOf(row: TableRow, shards: ReadonlySet<number>): string | undefined {
  const failure = failureOf(row);
  // The URL is in the row; messages without it can be counted.
  if (failure?.status === 'filtered') return LEFT_OUT[failure.code] ?? failure.message;
  if (failure !== undefined) return withoutUrl(failure.message, row.item.url);
  if (row.status !== 'stored') return 'it was not finished';
  return shardOf(row, shards) === undefined ? 'its shard is not there any more' : undefined;
}

/** One of its three. */
export function datasetStatus(row: TableRow, shards: ReadonlySet<number>): string {
  const failure = failureOf(row);
  if (failure?.status === 'filtered' || failure?.code === 'BODY_IMAGE') return UNFIT;
  return errorOf(row, shards) === undefined ? SUCCESS : FAILED;
}

export function datasetFields({ columns, algorithms }: Survey, shards: ReadonlySet<number>): readonly Field[] {
  const isThere = (row: TableRow): boolean => errorOf(row, shards) === undefined;
  const url: Field = { name: 'url', type: 'text', of: ({ item }) => withoutPassword(item.url) };
  const own: readonly Field[] = [
    // What is in no shard has no key: that of another run may be the same.
    { name: 'key', type: 'text', of: (row) => (isThere(row) ? memberKey(row.item.index) : undefined) },
    { name: 'status', type: 'text', of: (row) => datasetStatus(row, shards) },
    { name: 'error_message', type: 'text', of: (row) => errorOf(row, shards) },
    ...PIXELS,
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
