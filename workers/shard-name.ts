/** Names of shards. */

/** Digits of a shard's number, as WebDataset's own tools write them. */
const NUMBER_DIGITS = 5;

export function shardName(number: number): string {
  return `${String(number).padStart(NUMBER_DIGITS, '0')}.tar`;
}

/** The number of a shard; undefined for the name of something else. */
export function shardNumber(name: string): number | undefined {
  const digits = /^(\d{5,})\.tar$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
