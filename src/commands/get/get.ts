/** `sluice get`: arguments -> library -> report. */
import { UsageError } from '../../errors.js';
import { type DownloadOptions, resolveOptions } from '../../options/resolve.js';
import { runDownload, type Told } from '../run-download.js';
import { type ListArguments, sourcesOf } from './lists.js';

export interface GetArguments extends Told, ListArguments {
  readonly urls: readonly string[];
  readonly options: DownloadOptions;
}

/** @returns the exit status */
export async function get(args: GetArguments): Promise<number> {
  const { urls, inputFile = [] } = args;
  if (urls.length === 0 && inputFile.length === 0) {
    throw new UsageError('nothing to download', 'give URLs, or a list with --input-file');
  }
  const options = resolveOptions(args.options);
  const sources = await sourcesOf(args, options);
  const { status } = await runDownload(sources, options, { ...args, command: 'get' });
  return status;
}
