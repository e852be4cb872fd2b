/** The fields of an exported table: what is known of each item, and those columns of its list that are kept. */
import { shardName } from '../../../workers/shard-name.js';
import { checksumOfFile, type ColumnValue } from '../../item.js';
import type { FailureRecord } from '../../journal/format.js';
import type { TableRow } from '../../journal/table.js';
import type { Answer } from '../../outcome.js';
import { withoutPassword } from '../../shared/printable.js';

/** `json`: anything that JSON can say, as a text. A `time` is in milliseconds since 1970. */
export type FieldType = 'text' | 'whole' | 'number' | 'yesno' | 'time' | 'json';

export type Value = string | number | boolean | undefined;

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly of: (row: TableRow) => Value;
}

export type RowStatus = 'ok' | 'error' | 'not_found' | 'disallowed' | 'filtered' | 'pending';
export const ROW_STATUSES: readonly RowStatus[] = ['ok', 'error', 'not_found', 'disallowed', 'filtered', 'pending'];

export function statusOf(row: TableRow): RowStatus {
  if (row.status === 'stored') return 'ok';
  return failureOf(row)?.status ?? 'pending';
}

export function failureOf(row: TableRow): FailureRecord | undefined {
  return 'failure' in row ? row.failure : undefined;
}

const OWN: readonly Field[] = [
  { name: 'url', type: 'text', of: ({ item }) => withoutPassword(item.url) },
  { name: 'name', type: 'text', of: ({ item }) => item.name },
  { name: 'status', type: 'text', of: statusOf },
  { name: 'error', type: 'text', of: (row) => failureOf(row)?.code },
  { name: 'message', type: 'text', of: (row) => failureOf(row)?.message },
  { name: 'http_status', type: 'whole', of: (row) => answerOf(row)?.status },
  { name: 'final_url', type: 'text', of: (row) => answerOf(row)?.url },
  { name: 'content_type', type: 'text', of: ({ learned }) => someText(learned?.answer?.contentType) },
  { name: 'size', type: 'whole', of: (row) => (row.status === 'stored' ? row.stored.size : undefined) },
  { name: 'checksum', type: 'text', of: checksumOf },
  { name: 'width', type: 'whole', of: ({ learned }) => learned?.image?.width },
  { name: 'height', type: 'whole', of: ({ learned }) => learned?.image?.height },
  { name: 'original_width', type: 'whole', of: ({ learned }) => learned?.image?.originalWidth },
  { name: 'original_height', type: 'whole', of: ({ learned }) => learned?.image?.originalHeight },
  { name: 'format', type: 'text', of: ({ learned }) => learned?.image?.format },
  { name: 'original', type: 'text', of: ({ learned }) => learned?.image?.original?.name },
  { name: 'exif', type: 'json', of: ({ learned }) => learned?.image?.exif },
  { name: 'etag', type: 'text', of: ({ learned }) => someText(learned?.answer?.etag) },
  { name: 'last_modified', type: 'text', of: ({ learned }) => someText(learned?.answer?.lastModified) },
  { name: 'asked', type: 'time', of: ({ learned }) => (learned?.tries === 0 ? undefined : learned?.times.asked) },
  { name: 'answered', type: 'time', of: ({ learned }) => learned?.times.answered },
  { name: 'fetched', type: 'time', of: ({ learned }) => learned?.times.fetched },
  { name: 'stored', type: 'time', of: ({ learned }) => learned?.times.stored },
  { name: 'tries', type: 'whole', of: ({ learned }) => learned?.tries },
  { name: 'shard', type: 'text', of: shardOf },
  { name: 'same_as', type: 'text', of: ({ learned }) => learned?.same?.name },
];

export const OWN_FIELDS: readonly string[] = OWN.map(({ name }) => name);

/** Only in tables of which an item is in a shard in place of what another one has: that, and the key there. */
const REPLACES: Field = {
  name: 'replaces',
  type: 'text',
  of: ({ replaces }) => replaces && `${replaces.shard}/${replaces.key}`,
};

/** All fields of a table: a column of a list that is called as one of ours gets `list_` before its name. */
export function fieldsFor(columns: ReadonlyMap<string, FieldType>, someReplaced = false): readonly Field[] {
  const own = someReplaced ? [...OWN, REPLACES] : OWN;
  return [...own, ...keptFields(columns, someReplaced ? [...OWN_FIELDS, REPLACES.name] : OWN_FIELDS)];
}

/** Those of columns of lists beside others of these names. */
export function keptFields(columns: ReadonlyMap<string, FieldType>, own: readonly string[]): readonly Field[] {
  const taken = new Set([...own, ...columns.keys()]);
  return [...columns].map(([column, type]): Field => {
    let name = column;
    while (name !== column ? taken.has(name) : own.includes(name)) name = `list_${name}`;
    return { name, type, of: ({ details }) => valueOf(details?.columns?.[column], type) };
  });
}

/** The type that takes both. */
export function typeOf(value: ColumnValue, before: FieldType | undefined): FieldType | undefined {
  if (value === null) return before;
  const type = typeof value;
  const own: FieldType =
    type === 'string'
      ? 'text'
      : type === 'boolean'
        ? 'yesno'
        : type === 'number'
          ? numberType(value as number)
          : 'json';
  if (before === undefined || before === own) return own;
  const areNumbers = (before === 'whole' || before === 'number') && (own === 'whole' || own === 'number');
  return areNumbers ? 'number' : 'json';
}

function numberType(value: number): FieldType {
  return Number.isSafeInteger(value) ? 'whole' : 'number';
}

function valueOf(value: ColumnValue | undefined, type: FieldType): Value {
  if (value === undefined || value === null) return undefined;
  if (type === 'json') return JSON.stringify(value);
  return value as string | number | boolean;
}

/** What a server has said, if one was asked. */
function answerOf({ learned }: TableRow): Answer | undefined {
  return learned?.tries === 0 ? undefined : learned?.answer;
}

function someText(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** As container images write it: `sha256:HEX`. */
function checksumOf({ learned, details }: TableRow): string | undefined {
  const checksum = checksumOfFile(learned?.checksum, details?.checksum, learned?.image);
  return checksum && `${checksum.algorithm}:${checksum.hex}`;
}

function shardOf(row: TableRow): string | undefined {
  const shard = row.status === 'stored' ? row.stored.shard : undefined;
  return shard === undefined ? undefined : shardName(shard);
}
