/** What a shard holds of an item: the members `KEY.EXT`, its body, and `KEY.json`, its description. */
import type { Description } from '../src/protocol/tar.js';
import type { Shard } from './shard.js';
import { memberKey } from './shard-name.js';
import { BLOCK_SIZE, header } from './ustar.js';

/** A body on its way into a shard. */
export interface Packed {
  readonly id: number;
  readonly name: string;
  readonly description: Description;
}

export function addDescription(shard: Shard, { description }: Packed, text: Buffer, mtime: number): void {
  shard.append(header({ name: `${memberKey(description.index)}.json`, size: text.length, mtime }));
  shard.append(text);
  shard.pad(BLOCK_SIZE);
}

export function describe({ name, description: { url, headers } }: Packed, size: number, sha256: string): Buffer {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) fields[headers[i] as string] = headers[i + 1] as string;
  return Buffer.from(`${JSON.stringify({ url, name, status: 200, headers: fields, size, sha256 })}\n`);
}

export function memberName({ name, description }: Packed): string {
  const [, extension = 'bin'] = /\.([a-z0-9]{1,16})$/.exec(name.toLowerCase()) ?? [];
  // `KEY.json` is the description.
  return `${memberKey(description.index)}.${extension === 'json' ? 'body.json' : extension}`;
}

export function timeOf({ description: { headers } }: Packed, otherwise: number): number {
  const at = headers.indexOf('last-modified');
  const time = at === -1 ? NaN : Date.parse(headers[at + 1] as string);
  return Number.isNaN(time) ? otherwise : Math.floor(time / 1000);
}
