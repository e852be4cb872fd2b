/** Tables as lists that other programs read: URLs, aria2's input file, and what sha256sum checks. */
import { join } from 'node:path';
import { UsageError } from '../../errors.js';
import { examineFile } from '../../journal/examine.js';
import type { TableRow } from '../../journal/table.js';
import type { Output } from './output.js';
import type { TableWriter } from './formats.js';

/** A URL a line, with its password if it has one: to be read again. */
export class UrlsWriter implements TableWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  async write(rows: readonly TableRow[]): Promise<void> {
    await this.#output.write(rows.map(({ item }) => `${item.url}\n`).join(''));
  }
}

/** What `aria2c -i` reads (aria2c(1), "Input File"): mirrors after tabs, and options in lines that begin with a blank. */
export class Aria2Writer implements TableWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  async write(rows: readonly TableRow[]): Promise<void> {
    await this.#output.write(rows.map(aria2Entry).join(''));
  }
}

/** As aria2 calls them. */
const ARIA2_NAMES = { sha256: 'sha-256', sha1: 'sha-1', sha512: 'sha-512', md5: 'md5' } as const;

function aria2Entry({ item, details }: TableRow): string {
  const { mirrors = [], checksum, headers = [] } = details ?? {};
  const lines = [[item.url, ...mirrors].join('\t'), ` out=${item.name}`];
  if (checksum !== undefined) lines.push(` checksum=${ARIA2_NAMES[checksum.algorithm]}=${checksum.hex}`);
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(` header=${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\n')}\n`;
}

/** What `sha256sum -c` reads, in the destination; a file whose sum no run has computed is read for it. */
export class Sha256Writer implements TableWriter {
  readonly #output: Output;
  readonly #directory: string;

  constructor(output: Output, directory: string) {
    this.#output = output;
    this.#directory = directory;
  }

  async write(rows: readonly TableRow[]): Promise<void> {
    for (const row of rows) {
      if (row.status !== 'stored') continue;
      if (row.stored.shard !== undefined) {
        throw new UsageError(
          'sha256sum reads files, and those of the layout tar are in shards',
          'choose csv, jsonl or parquet: they have the checksums, where the run computes them',
        );
      }
      const hex = await this.#sumOf(row);
      if (hex !== undefined) await this.#output.write(`${hex}  ${row.item.name}\n`);
    }
  }

  /** Undefined for a file that is gone. */
  async #sumOf({ item, learned }: TableRow): Promise<string | undefined> {
    if (learned?.checksum?.algorithm === 'sha256') return learned.checksum.hex;
    try {
      return (await examineFile(join(this.#directory, item.name), 'sha256')).checksum?.hex;
    } catch {
      process.stderr.write(`*** ${item.name} cannot be read, and is left out; sluice verify tells more.\n`);
      return undefined;
    }
  }
}
