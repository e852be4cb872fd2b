/** What the flags of lists say, and the sources that they make of the lists. */
import { SluiceError, UsageError } from '../../errors.js';
import { CHECKSUM_ALGORITHMS } from '../../item.js';
import { algorithmOf } from '../../lists/checksum.js';
import { readNetwork } from '../../fetch/network.js';
import { listsIn } from '../../lists/folder.js';
import { unreadableBecause } from '../../lists/read.js';
import type { FormatName, ReadingOptions, Source } from '../../lists/source.js';
import type { ResolvedOptions } from '../../options/resolve.js';
import { type Address, AddressParser, whyRefused } from '../../plan/address.js';
import { columnsOf } from '../../plan/template.js';
import { CodeUnits } from '../../shared/code-units.js';
import { printable, withoutPassword, withoutUrl } from '../../shared/printable.js';

/** What was given of `LIST_FLAGS`. */
export interface ListArguments {
  readonly inputFile?: readonly string[];
  readonly inputFormat?: FormatName | 'auto';
  readonly urlColumn?: string;
  readonly urlCol?: string;
  readonly nameColumn?: string;
  readonly checksumColumn?: string;
  readonly keepColumns?: string;
}

export const HTTP_URL = /^https?:\/\//i;

/**
 * What was given: URLs, then lists.
 *
 * @throws UsageError
 */
export async function sourcesOf(
  args: ListArguments & { readonly urls: readonly string[] },
  options: ResolvedOptions,
): Promise<Source[]> {
  const lists = await listSources(args, options);
  return args.urls.length === 0 ? lists : [{ kind: 'urls', urls: args.urls, label: 'argument' }, ...lists];
}

async function listSources(args: ListArguments, options: ResolvedOptions): Promise<Source[]> {
  const { inputFile = [] } = args;
  if (inputFile.filter((path) => path === '-').length > 1) {
    throw new UsageError('--input-file - is given twice', 'standard input can be read once');
  }
  const { name, captionColumn = [] } = options;
  const reading = readingOf(args, columnsOf(name).concat(captionColumn));
  const sources: Source[] = [];
  for (const path of inputFile) {
    if (path === '-') sources.push({ kind: 'stream', stream: process.stdin, label: '<stdin>', reading });
    else if (HTTP_URL.test(path)) sources.push(atUrl(path, options, reading));
    else for (const list of await listsIn(path)) sources.push({ kind: 'file', path: list, reading });
  }
  return sources;
}

function atUrl(text: string, options: ResolvedOptions, reading: ReadingOptions): Source {
  const label = withoutPassword(text);
  const units = new CodeUnits();
  units.load(text);
  const address = new AddressParser().parse(text, units);
  if (address === undefined) {
    const { message, hint } = whyRefused(text);
    throw new UsageError(`--input-file ${printable(label, 1000)}: ${message}`, hint);
  }
  return { kind: 'stream', stream: listAt(address, label, options), label, reading };
}

/** It is stored as a whole first: a server would not wait for as long as the files of its list take. */
async function* listAt(
  address: Address,
  label: string,
  { timeout, headers, userAgent, network }: ResolvedOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { fetchList } = await import('../../fetch/list.js');
  const { spooled } = await import('../../lists/spool.js');
  try {
    yield* spooled(fetchList(address, { timeout, headers, userAgent, network: await readNetwork(network) }));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw unreadableBecause(label, withoutUrl(error.message, address.url), error.hint, error);
  }
}

/** @param columns that names are made of, or captions: they are kept, too */
function readingOf(args: ListArguments, columns: readonly string[]): ReadingOptions {
  const { inputFormat = 'auto', nameColumn, keepColumns } = args;
  const urlColumn = args.urlColumn ?? args.urlCol;
  return {
    format: inputFormat === 'auto' ? undefined : inputFormat,
    urlColumn: named('url-column', urlColumn),
    nameColumn: named('name-column', nameColumn),
    checksumColumn: args.checksumColumn === undefined ? undefined : checksumOf(args.checksumColumn),
    keepColumns: keepColumns === 'all' ? keepColumns : someOf([...namesIn(keepColumns), ...columns]),
  };
}

function named(flag: string, column: string | undefined): string | undefined {
  if (column === '') throw new UsageError(`--${flag} is empty`, 'name a column, or give its number from 1');
  return column;
}

/** `sha256:COLUMN`, or a column. */
function checksumOf(text: string): ReadingOptions['checksumColumn'] {
  const colon = text.indexOf(':');
  const algorithm = colon === -1 ? undefined : algorithmOf(text.slice(0, colon));
  const column = algorithm === undefined ? text : text.slice(colon + 1);
  if (column !== '') return { column, algorithm };
  throw new UsageError(
    '--checksum-column names no column',
    `give COLUMN, or one of ${CHECKSUM_ALGORITHMS.join(', ')} before :COLUMN`,
  );
}

function someOf(columns: readonly string[]): readonly string[] | undefined {
  return columns.length === 0 ? undefined : [...new Set(columns)];
}

function namesIn(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new UsageError('--keep-columns has an empty name', 'name columns with commas between them, or say all');
}
