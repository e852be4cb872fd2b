/** What other programs call our options: a row for each flag, which is taken and not told of in the help. */
import { UsageError } from '../errors.js';
import type { Flag, Values } from '../options/flags.js';
import { readNumber, readWhole } from '../options/kinds.js';
import type { DownloadOptions } from '../options/resolve.js';

interface Alias extends Pick<Flag, 'flag' | 'read'> {
  readonly help?: string;
  /** What the flag is called among the values. */
  readonly value: string;
  /** What the value is when it was given. Default: anything. */
  readonly given?: boolean;
  /** What it says; of an option by its name, the value. */
  readonly means: DownloadOptions | keyof DownloadOptions;
}

/** What img2dataset calls the options of images. */
const IMAGES: readonly Alias[] = [
  { flag: '--image-size <PIXELS>', value: 'imageSize', means: 'resize', read: readWhole },
  { flag: '--resize-only-if-bigger', value: 'resizeOnlyIfBigger', means: 'onlyShrink' },
  { flag: '--encode-format <format>', value: 'encodeFormat', means: 'convert' },
  { flag: '--encode-quality <N>', value: 'encodeQuality', means: 'quality', read: readWhole },
  { flag: '--min-image-size <PIXELS>', value: 'minImageSize', means: 'minSize', read: readWhole },
  { flag: '--max-image-area <PIXELS>', value: 'maxImageArea', means: 'maxPixels', read: readNumber },
].map((row) => ({ ...row, help: "img2dataset's" }) as Alias);

const SKIP: DownloadOptions = { onExists: 'skip' };

/** As `wget`, `curl`, `rsync`, `rclone` and `aria2` have them. Of `--no-clobber` wget's meaning: curl has a name for that, too. */
const EXISTS: readonly Alias[] = [
  { flag: '--no-clobber', value: 'clobber', given: false, means: SKIP, help: '-nc' },
  { flag: '--skip-existing', value: 'skipExisting', given: true, means: SKIP },
  { flag: '--ignore-existing', value: 'ignoreExisting', given: true, means: SKIP },
  { flag: '--allow-overwrite', value: 'allowOverwrite', given: true, means: { onExists: 'overwrite' } },
];

/** As `aria2`, `wget` and `curl` have them. */
const UPDATE: readonly Alias[] = [
  { flag: '--conditional-get', value: 'conditionalGet', given: true, means: { update: true } },
  { flag: '-N, --timestamping', value: 'timestamping', given: true, means: { update: true, mtime: true } },
  { flag: '-R, --remote-time', value: 'remoteTime', given: true, means: { mtime: true } },
];

export const IMAGE_ALIASES = flagsOf(IMAGES);
/** Of what is asked for again, and what becomes of files that are there. */
export const FILE_ALIASES: readonly Flag[] = [...flagsOf(EXISTS), ...flagsOf(UPDATE)];

/** What the aliases of images say, where nothing else does. */
export function imageOptionsOf(values: Values): DownloadOptions {
  const said = saidBy(IMAGES, values).flatMap(({ options }) => Object.entries(options));
  return Object.fromEntries(said.filter(([option]) => values[option] === undefined));
}

/** What the others say. @throws UsageError where that is not what another flag says */
export function fileOptionsOf(values: Values): DownloadOptions {
  return Object.assign(
    {},
    onExistsOf(values),
    ...saidBy(UPDATE, values).map(({ options }) => options),
  ) as DownloadOptions;
}

function onExistsOf(values: Values): DownloadOptions {
  const [first, ...others] = saidBy(EXISTS, values);
  if (first === undefined) return {};
  const { onExists: meant } = first.options;
  const { onExists, overwrite } = values;
  const other = others.find(({ options }) => options.onExists !== meant)?.flag;
  const said = other ?? (overwrite === true && meant !== 'overwrite' ? '--overwrite' : undefined);
  const conflict = said ?? (typeof onExists === 'string' && onExists !== meant ? `--on-exists ${onExists}` : undefined);
  if (conflict !== undefined) throw new UsageError(`${first.flag} does not go with ${conflict}`, 'give one of them');
  return first.options;
}

function flagsOf(rows: readonly Alias[]): readonly Flag[] {
  return rows.map(({ flag, read, help = '' }) => ({ flag, read, help, hidden: true }));
}

/** Those of the rows that were given, with what they say. */
function saidBy(
  rows: readonly Alias[],
  values: Values,
): readonly { readonly flag: string; readonly options: DownloadOptions }[] {
  return rows.flatMap(({ flag, value, given, means }) => {
    const said = values[value];
    if (said === undefined || (given !== undefined && said !== given)) return [];
    return [{ flag, options: typeof means === 'string' ? { [means]: said } : means }];
  });
}
