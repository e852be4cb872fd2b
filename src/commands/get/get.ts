/** `sluice get`: arguments -> library -> report. */
import { UsageError } from '../../errors.js';
import { type DownloadOptions, resolveOptions } from '../../options/resolve.js';
import type { Source } from '../../lists/source.js';
import { runDownload, type Told } from '../run-download.js';

export interface GetArguments extends Told {
  readonly urls: readonly string[];
  readonly inputFile?: readonly string[];
  readonly options: DownloadOptions;
}

/** @returns the exit status */
export async function get(args: GetArguments): Promise<number> {
  const sources = toSources(args);
  const options = resolveOptions(args.options);
  const total = args.inputFile === undefined ? args.urls.length : undefined;
  const { status } = await runDownload(sources, options, { ...args, command: 'get', total });
  return status;
}

function toSources({ urls, inputFile = [] }: GetArguments): Source[] {
  if (urls.length === 0 && inputFile.length === 0) {
    throw new UsageError('nothing to download', 'give URLs, or a list with --input-file');
  }
  if (inputFile.filter((path) => path === '-').length > 1) {
    throw new UsageError('--input-file - is given twice', 'standard input can be read once');
  }
  const lists = inputFile.map((path): Source => {
    return path === '-' ? { kind: 'stream', stream: process.stdin, label: '<stdin>' } : { kind: 'file', path };
  });
  return urls.length === 0 ? lists : [{ kind: 'urls', urls, label: 'argument' }, ...lists];
}
