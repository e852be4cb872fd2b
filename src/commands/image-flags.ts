/** The flags about images, and what img2dataset calls them. */
import { type Flag, flagOf, type Values } from '../options/flags.js';
import { IMAGES } from '../options/images.js';
import { readNumber, readWhole } from '../options/kinds.js';
import type { DownloadOptions } from '../options/resolve.js';

/** By what they are called among the values. */
const ALIASES: readonly (Flag & { readonly value: string; readonly option: keyof DownloadOptions })[] = [
  { flag: '--image-size <PIXELS>', value: 'imageSize', option: 'resize', help: '', read: readWhole },
  { flag: '--resize-only-if-bigger', value: 'resizeOnlyIfBigger', option: 'onlyShrink', help: '' },
  { flag: '--encode-format <format>', value: 'encodeFormat', option: 'convert', help: '' },
  { flag: '--encode-quality <N>', value: 'encodeQuality', option: 'quality', help: '', read: readWhole },
  { flag: '--min-image-size <PIXELS>', value: 'minImageSize', option: 'minSize', help: '', read: readWhole },
  { flag: '--max-image-area <PIXELS>', value: 'maxImageArea', option: 'maxPixels', help: '', read: readNumber },
];

const HIDDEN: readonly Flag[] = ALIASES.map(({ flag, read }) => ({ flag, read, help: "img2dataset's", hidden: true }));

export const IMAGE_FLAGS: readonly Flag[] = [...IMAGES.map((option) => flagOf(option)), ...HIDDEN];
/** Beside those that a plan's options are. */
export const IMAGE_ALIASES = HIDDEN;

/** What the aliases say, where nothing else does. */
export function imageOptionsOf(values: Values): DownloadOptions {
  const said = ALIASES.filter(({ value, option }) => values[value] !== undefined && values[option] === undefined);
  return Object.fromEntries(said.map(({ value, option }) => [option, values[value]]));
}
