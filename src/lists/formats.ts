/** The formats of lists: each has a file beside this one, and a row here. */
import type { FileHandle } from 'node:fs/promises';
import type { CodeUnits } from '../shared/code-units.js';
import { LineSplitter } from './lines.js';
import { FedReader, type ListReader, type Splitter } from './row.js';
import type { FormatName, ReadingOptions } from './source.js';
import type { XmlRows } from './xml.js';

/** A list that is about to be read. */
export interface Opening {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The same bytes, to be read in any order, where there is a file of just them. */
  readonly file: FileHandle | undefined;
  /** Where the code units of each row's text are put while it is read. */
  readonly units: CodeUnits;
  readonly reading: ReadingOptions;
  /** The path of the list, or what messages call it. */
  readonly label: string;
}

type Open = (opening: Opening) => ListReader | Promise<ListReader>;

/** All but lines of URLs are loaded when a list needs them, with the libraries that they need. */
const FORMATS: Readonly<Record<FormatName, Open>> = {
  txt: fed(({ units }) => new LineSplitter(units)),
  csv: fed((opening) => delimited(',', opening)),
  tsv: fed((opening) => delimited('\t', opening)),
  jsonl: fed(async ({ units, reading }) => new (await import('./jsonl.js')).JsonLines(units, reading)),
  json: fed(async ({ units, reading }) => new (await import('./json.js')).JsonArray(units, reading)),
  parquet: async (opening) => (await import('./parquet.js')).openParquet(opening),
  aria2: fed(async ({ units }) => new (await import('./aria2.js')).Aria2Input(units)),
  metalink: fed(async ({ units }) => xml(units, new (await import('./metalink.js')).Metalink())),
  sitemap: fed(async ({ units }) => xml(units, new (await import('./sitemap.js')).Sitemap())),
};

async function delimited(separator: ',' | '\t', { units, reading, label }: Opening): Promise<Splitter> {
  const { DelimitedText } = await import('./csv.js');
  return new DelimitedText(separator, units, reading, label);
}

async function xml(units: CodeUnits, rows: XmlRows): Promise<Splitter> {
  const { openXml } = await import('./xml.js');
  return openXml(units, rows);
}

function fed(split: (opening: Opening) => Splitter | Promise<Splitter>): Open {
  return async (opening) => new FedReader(opening.chunks, await split(opening));
}

export async function openReader(format: FormatName, opening: Opening): Promise<ListReader> {
  return FORMATS[format](opening);
}
