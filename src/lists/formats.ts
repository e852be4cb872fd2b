/** The formats of lists: each has a file beside this one, and a row here. */
import type { FileHandle } from 'node:fs/promises';
import type { CodeUnits } from '../shared/code-units.js';
import { LineSplitter } from './lines.js';
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

/** What is not for every run is loaded when a list needs it. */
const FORMATS: Readonly<Record<FormatName, Open>> = {
  txt: fed(({ units }) => new LineSplitter(units)),
  csv: fed(async ({ units, reading, label }) => {
    const { DelimitedText } = await import('./csv.js');
    return new DelimitedText(',', units, reading, label);
  }),
  tsv: fed(async ({ units, reading, label }) => {
    const { DelimitedText } = await import('./csv.js');
    return new DelimitedText('\t', units, reading, label);
  }),
  jsonl: fed(async ({ units, reading }) => {
    const { JsonLines } = await import('./jsonl.js');
    return new JsonLines(units, reading);
  }),
  json: fed(async ({ units, reading }) => {
    const { JsonArray } = await import('./json.js');
    return new JsonArray(units, reading);
  }),
  parquet: async (opening) => {
    const { openParquet } = await import('./parquet.js');
    return openParquet(opening);
  },
  aria2: fed(async ({ units }) => {
    const { Aria2Input } = await import('./aria2.js');
    return new Aria2Input(units);
  }),
  metalink: fed(async ({ units }) => {
    const [{ XmlList }, { Metalink }] = await Promise.all([import('./xml.js'), import('./metalink.js')]);
    return new XmlList(units, new Metalink());
  }),
  sitemap: fed(async ({ units }) => {
    const [{ XmlList }, { Sitemap }] = await Promise.all([import('./xml.js'), import('./sitemap.js')]);
    return new XmlList(units, new Sitemap());
  }),
};

function fed(split: (opening: Opening) => Splitter | Promise<Splitter>): Open {
  return async (opening) => new FedReader(opening.chunks, await split(opening));
}

export async function openReader(format: FormatName, opening: Opening): Promise<ListReader> {
  return FORMATS[format](opening);
}
