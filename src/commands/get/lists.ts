/** The flags that say how lists are read, and the sources that they make of the lists. */
import { UsageError } from '../../errors.js';
import { CHECKSUM_ALGORITHMS } from '../../item.js';
import { algorithmOf } from '../../lists/checksum.js';
import { FORMAT_NAMES, type FormatName, type ReadingOptions, type Source } from '../../lists/source.js';
import type { Flag } from '../../options/flags.js';
import type { ResolvedOptions } from '../../options/resolve.js';
import { printable, withoutPassword } from '../../shared/printable.js';

export const LIST_FLAGS: readonly Flag[] = [
  {
    flag: '--input-format <name>',
    help: 'what the lists are (default: by name and content)',
    choices: ['auto', ...FORMAT_NAMES],
  },
  { flag: '--url-column <COLUMN>', help: 'the column of the URLs, by name or number from 1 (default: url)' },
  { flag: '--url-col <COLUMN>', help: 'the same', hidden: true },
  { flag: '--name-column <COLUMN>', help: 'the column of the names for files' },
  {
    flag: '--checksum-column <COLUMN>',
    help: 'the column of checksums; sha256:COLUMN says which kind (default: by their length)',
  },
  { flag: '--keep-columns <COLUMNS>', help: 'columns to keep with what becomes of each item: a,b or all' },
];

/** What was given of {@link LIST_FLAGS}. */
export interface ListArguments {
  readonly inputFile?: readonly string[];
  readonly inputFormat?: FormatName | 'auto';
  readonly urlColumn?: string;
  readonly urlCol?: string;
  readonly nameColumn?: string;
  readonly checksumColumn?: string;
  readonly keepColumns?: string;
}

const HTTP_URL = /^https?:\/\//i;

/** @throws UsageError */
export async function listSources(args: ListArguments, options: ResolvedOptions): Promise<Source[]> {
  const { inputFile = [] } = args;
  if (inputFile.filter((path) => path === '-').length > 1) {
    throw new UsageError('--input-file - is given twice', 'standard input can be read once');
  }
  const reading = readingOf(args);
  const sources: Source[] = [];
  for (const path of inputFile) {
    if (path === '-') sources.push({ kind: 'stream', stream: process.stdin, label: '<stdin>', reading });
    else if (HTTP_URL.test(path)) sources.push(await atUrl(path, options, reading));
    else {
      const { listsIn } = await import('../../lists/folder.js');
      for (const list of await listsIn(path)) sources.push({ kind: 'file', path: list, reading });
    }
  }
  return sources;
}

async function atUrl(text: string, options: ResolvedOptions, reading: ReadingOptions): Promise<Source> {
  const [{ fetchList }, { AddressParser, whyRefused }, { CodeUnits }] = await Promise.all([
    import('../../fetch/list.js'),
    import('../../plan/address.js'),
    import('../../shared/code-units.js'),
  ]);
  const label = withoutPassword(text);
  const units = new CodeUnits();
  units.load(text);
  const address = new AddressParser().parse(text, units);
  if (address === undefined) {
    const { message, hint } = whyRefused(text);
    throw new UsageError(`--input-file ${printable(label, 1000)}: ${message}`, hint);
  }
  const { timeout, headers } = options;
  return { kind: 'stream', stream: fetchList({ ...address, label }, { timeout, headers }), label, reading };
}

function readingOf(args: ListArguments): ReadingOptions {
  const { inputFormat = 'auto', nameColumn, keepColumns } = args;
  const urlColumn = args.urlColumn ?? args.urlCol;
  return {
    format: inputFormat === 'auto' ? undefined : inputFormat,
    urlColumn: named('url-column', urlColumn),
    nameColumn: named('name-column', nameColumn),
    checksumColumn: args.checksumColumn === undefined ? undefined : checksumOf(args.checksumColumn),
    keepColumns: keepColumns === undefined || keepColumns === 'all' ? keepColumns : namesIn(keepColumns),
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

function namesIn(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return [...new Set(names)];
  throw new UsageError('--keep-columns has an empty name', 'name columns with commas between them, or say all');
}
