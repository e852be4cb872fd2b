/** Names of shards, and of what is in them. */

/** Digits of a shard's number, as WebDataset's own tools write them. */
const NUMBER_DIGITS = 5;

/** Digits of a key: enough for the longest lists, and names sort as the list does. */
const KEY_DIGITS = 9;

export function shardName(number: number): string {
  return `${shardDigits(number)}.tar`;
}

/** What the names of a shard and of what lies beside it begin with. */
export function shardDigits(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0');
}

/**
 * What the names of an item's members begin with: the same in every run of a list; without dots, since what follows the
 * first one tells the members apart.
 */
export function memberKey(index: number): string {
  return String(index).padStart(KEY_DIGITS, '0');
}

/** The name of a shard that is not sealed, which nobody takes for a shard's. */
export function partName(number: number): string {
  return `${shardName(number)}.part`;
}

/** The number of a shard that is not sealed; undefined for the name of something else. */
export function partNumber(name: string): number | undefined {
  const shard = name.endsWith('.part') ? shardNumber(name.slice(0, -'.part'.length)) : undefined;
  return shard !== undefined && partName(shard) === name ? shard : undefined;
}

/** The number of a shard; undefined for the name of something else. */
export function shardNumber(name: string): number | undefined {
  const digits = /^(\d{5,})\.tar$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
