/** `sluice get`: arguments -> library -> report. */
import { UsageError } from '../../errors.js';
import { type DownloadOptions, resolveOptions } from '../../options/resolve.js';
import { runDownload, type Told } from '../run-download.js';
import { printable, withoutPassword } from '../../shared/printable.js';
import { withScheme } from './urls.js';
import { HTTP_URL, type ListArguments, sourcesOf } from './lists.js';

export interface GetArguments extends Told, ListArguments {
  readonly urls: readonly string[];
  readonly options: DownloadOptions;
}

/** @returns the exit status */
export async function get(args: GetArguments): Promise<number> {
  const { inputFile = [] } = args;
  const urls = args.urls.map(withScheme);
  if (urls.length === 0 && inputFile.length === 0) {
    throw new UsageError('nothing to download', 'give URLs, or a list with --input-file');
  }
  const options = resolveOptions(args.options);
  if (args.dryRun === true) refuseUrls(inputFile);
  const sources = await sourcesOf({ ...args, urls }, options);
  if (args.dryRun === true) return (await import('../dry-run.js')).dryRun(sources, options, args);
  const { status } = await runDownload(sources, options, { ...args, command: 'get' });
  return status;
}

/** @throws UsageError for a list that would have to be requested */
function refuseUrls(lists: readonly string[]): void {
  const list = lists.find((path) => HTTP_URL.test(path));
  if (list === undefined) return;
  const message = `--dry-run requests nothing, and ${printable(withoutPassword(list), 1000)} is to be requested`;
  throw new UsageError(message, 'store the list first, and name its file');
}
