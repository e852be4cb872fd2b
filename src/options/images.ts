/** The options about images: what values they take, and what does not go together. */
import { UsageError } from '../errors.js';
import type { Template } from '../plan/template.js';
import { extensionOf, type ImageSettings, remakes, type ResizeMode, type WrittenFormat } from '../protocol/images.js';
import { type Kind, readNumber } from './kinds.js';
import type { OptionName } from './table.js';

/** As a user may call them; img2dataset's names come after ours. `no`: the size is not changed. */
const MODES: Readonly<Record<string, ResizeMode | 'no'>> = {
  border: 'border',
  fit: 'fit',
  fill: 'fill',
  'center-crop': 'center-crop',
  'keep-ratio': 'keep-ratio',
  no: 'no',
  center_crop: 'center-crop',
  keep_ratio: 'keep-ratio',
  keep_ratio_largest: 'fit',
  fixed: 'fill',
};
const FORMATS: Readonly<Record<string, WrittenFormat>> = {
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  avif: 'avif',
  jpg: 'jpeg',
};
/** Pixels of a side at the most: sharp makes none larger by itself. */
export const MAX_SIDE = 0x3fff;

function named<T extends string>(values: Readonly<Record<string, T>>, shown: readonly string[]): Kind<string, T> {
  return {
    bounds: shown.map((name) => `\`${name}\``).join(', '),
    check: (option, value) => {
      if (Object.hasOwn(values, value)) return values[value] as T;
      throw new UsageError(`--${option} ${value} is unknown`, `give one of ${shown.join(', ')}`);
    },
  };
}

export const resizeMode = named(MODES, ['border', 'fit', 'fill', 'center-crop', 'keep-ratio', 'no']);
export const writtenFormat = named(FORMATS, ['jpeg', 'png', 'webp', 'avif']);

export const aspectRatio: Kind<number, number> = {
  read: readNumber,
  bounds: '1 and more',
  check: (option, value) => {
    if (value >= 1) return value;
    throw new UsageError(`--${option} ${value} is out of bounds`, 'give a number from 1 on');
  },
};

export const IMAGES = [
  'resize',
  'resizeMode',
  'onlyShrink',
  'convert',
  'quality',
  'strip',
  'keepOriginal',
  'minSize',
  'maxPixels',
  'maxAspectRatio',
] as const satisfies readonly OptionName[];

export type ImageOption = (typeof IMAGES)[number];

/** The options about images with nothing left open. */
interface ImageOptions {
  readonly resize: number | undefined;
  readonly resizeMode: ResizeMode | 'no' | undefined;
  readonly onlyShrink: boolean;
  readonly convert: WrittenFormat | undefined;
  readonly quality: number | undefined;
  readonly strip: boolean;
  readonly keepOriginal: boolean;
  readonly minSize: number | undefined;
  readonly maxPixels: number | undefined;
  readonly maxAspectRatio: number | undefined;
}

/** @returns undefined where nothing is asked for @throws UsageError */
export function imageSettings(given: ImageOptions): ImageSettings | undefined {
  const { resize: size, resizeMode: mode, onlyShrink, convert, quality, strip, keepOriginal } = given;
  if (size === undefined && (onlyShrink || (mode !== undefined && mode !== 'no'))) {
    throw new UsageError(
      `${onlyShrink ? '--only-shrink' : '--resize-mode'} says nothing without a size`,
      'add --resize SIZE, in pixels',
    );
  }
  const resize = size === undefined || mode === 'no' ? undefined : { size, mode: mode ?? 'border', onlyShrink };
  const changes = remakes({ resize, convert, strip });
  if (quality !== undefined && !changes) {
    throw new UsageError('--quality says nothing where no image is made', 'add --resize SIZE or --convert FORMAT');
  }
  if (keepOriginal && !changes) {
    throw new UsageError(
      '--keep-original says nothing where no image is made',
      'leave it out: all files are as they came, or add --resize SIZE or --convert FORMAT',
    );
  }
  if (quality !== undefined && convert === 'png') {
    throw new UsageError('--quality does not go with --convert png', 'leave it out: PNG loses nothing');
  }
  const { minSize, maxPixels, maxAspectRatio } = given;
  const filter =
    minSize === undefined && maxPixels === undefined && maxAspectRatio === undefined
      ? undefined
      : { minSize: minSize ?? 0, maxPixels: maxPixels ?? Infinity, maxAspectRatio: maxAspectRatio ?? Infinity };
  return changes || filter !== undefined ? { resize, convert, quality, strip, filter, keepOriginal } : undefined;
}

/**
 * The names of what is converted end in its new format, which is known before anything is requested: as if a template had
 * been given. A list's own names stay.
 *
 * @throws UsageError where names are to come from answers
 */
export function nameOfConverted(
  template: Template | undefined,
  convert: WrittenFormat | undefined,
  fromAnswers: boolean,
): Template | undefined {
  if (convert === undefined) return template;
  if (fromAnswers) {
    throw new UsageError(
      '--convert does not go with names that come from answers',
      'leave out --content-disposition, --trust-server-names and --adjust-extension: names end in the new format',
    );
  }
  const extension = extensionOf(convert);
  if (template === undefined) return { parts: [{ kind: 'stem' }, `.${extension}`] };
  const isPath = template.parts.some((part) => typeof part === 'object' && part.kind === 'pathAndQuery');
  if (isPath) return { parts: [...template.parts, `.${extension}`] };
  return {
    parts: template.parts.map((part) => (typeof part === 'object' && part.kind === 'ext' ? extension : part)),
  };
}
