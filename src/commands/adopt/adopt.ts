/** `sluice adopt`: files that are there and a list -> a destination with a journal. */
import { stat } from 'node:fs/promises';
import { UsageError } from '../../errors.js';
import type { Refused } from '../../item.js';
import { type DownloadOptions, resolveOptions } from '../../options/resolve.js';
import { adopt, type Adoption } from '../../pipeline/adopt.js';
import { isInShards } from '../../protocol/layouts.js';
import { count, formatBytes } from '../../shared/format.js';
import { SOME_FAILED, USAGE } from '../../terminal/exit-status.js';
import { SHOWN_ERRORS } from '../../terminal/failures.js';
import { type ListArguments, sourcesOf } from '../get/lists.js';
import { describeFailure } from '../run-download.js';

export interface AdoptArguments extends ListArguments {
  readonly options: DownloadOptions & { readonly directory: string };
  readonly quiet?: boolean;
}

/** @returns the exit status */
export async function adoptFiles(args: AdoptArguments): Promise<number> {
  const { inputFile = [], quiet = false } = args;
  if (inputFile.length === 0) {
    throw new UsageError('nothing says what the files are', 'give the list that they come from with --input-file');
  }
  const options = resolveOptions(args.options);
  const { layout } = options;
  if (isInShards(layout)) {
    throw new UsageError(
      `--layout ${layout} does not go with adopt`,
      'it is about files that other programs have made',
    );
  }
  await requireFolder(options.directory);
  const sources = await sourcesOf({ ...args, urls: [] }, options);
  let refused = 0;
  const onRefused = ({ text, error }: Refused): void => {
    refused += 1;
    if (refused <= SHOWN_ERRORS) process.stderr.write(`${describeFailure(text, error.message)}\n`);
    else if (refused === SHOWN_ERRORS + 1) process.stderr.write('*** More rows are counted, not shown.\n');
  };
  const adoption = await adopt(sources, options, onRefused);
  if (!quiet) process.stdout.write(describe(adoption));
  const { adopted, known, missing } = adoption;
  if (adoption.refused === 0) return 0;
  return adopted + known + missing === 0 ? USAGE : SOME_FAILED;
}

/** Whoever has mistyped it would get a new folder with nothing in it. */
async function requireFolder(directory: string): Promise<void> {
  const isFolder = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new UsageError(`${directory} is no folder`, 'name the folder that the files are in');
}

function describe({ adopted, bytes, known, missing, refused, duplicates }: Adoption): string {
  const lines = [`${count(adopted, 'file')} adopted, ${formatBytes(bytes)}.`];
  if (known > 0) lines.push(`${count(known, 'file')} known already.`);
  if (missing > 0) {
    const [are, them] = missing === 1 ? ['is', 'it'] : ['are', 'them'];
    lines.push(`${missing} ${are} not there: sluice get with the same list fetches ${them}.`);
  }
  if (duplicates > 0) lines.push(`${count(duplicates, 'duplicate')} left out.`);
  if (refused > 0) lines.push(`${count(refused, 'row')} refused.`);
  return `${lines.join('\n')}\n`;
}
