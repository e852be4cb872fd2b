/** The formats of lists: each has a file beside this one, and a row here. */
import type { FileHandle } from 'node:fs/promises';
import type { CodeUnits } from '../shared/code-units.js';
import { Aria2Input } from './aria2.js';
import { DelimitedText } from './csv.js';
import { JsonArray } from './json.js';
import { JsonLines } from './jsonl.js';
import { LineSplitter } from './lines.js';
import { Metalink } from './metalink.js';
import { openParquet } from './parquet.js';
import { Sitemap } from './sitemap.js';
import { openXml } from './xml.js';
import { FedReader, type ListReader, type Splitter } from './row.js';
import type { FormatName, ReadingOptions } from './source.js';

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

/** Libraries that they need are loaded when a list needs them. */
const FORMATS: Readonly<Record<FormatName, Open>> = {
  txt: fed(({ units }) => new LineSplitter(units)),
  csv: fed(({ units, reading, label }) => new DelimitedText(',', units, reading, label)),
  tsv: fed(({ units, reading, label }) => new DelimitedText('\t', units, reading, label)),
  jsonl: fed(({ units, reading }) => new JsonLines(units, reading)),
  json: fed(({ units, reading }) => new JsonArray(units, reading)),
  parquet: openParquet,
  aria2: fed(({ units }) => new Aria2Input(units)),
  metalink: fed(({ units }) => openXml(units, new Metalink())),
  sitemap: fed(({ units }) => openXml(units, new Sitemap())),
};

function fed(split: (opening: Opening) => Splitter | Promise<Splitter>): Open {
  return async (opening) => new FedReader(opening.chunks, await split(opening));
}

export async function openReader(format: FormatName, opening: Opening): Promise<ListReader> {
  return FORMATS[format](opening);
}
