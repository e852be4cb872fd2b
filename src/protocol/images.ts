/** What a run makes of images, and what it tells of them. */

/**
 * How an image gets its size: `border`, `fit`, `fill`, `center-crop` and `keep-ratio`, which img2dataset calls `border`,
 * `keep_ratio_largest`, `fixed`, `center_crop` and `keep_ratio`.
 */
export type ResizeMode = 'border' | 'fit' | 'fill' | 'center-crop' | 'keep-ratio';

/** What images can be made, whatever they were. */
export type WrittenFormat = 'jpeg' | 'png' | 'webp' | 'avif';

export interface Resize {
  /** Pixels. */
  readonly size: number;
  readonly mode: ResizeMode;
  /** What is not larger stays as it is. */
  readonly onlyShrink: boolean;
}

/** Those that are out of these bounds are left out. */
export interface ImageFilter {
  /** Pixels that the shorter side has at the least. */
  readonly minSize: number;
  /** Width times height at the most. */
  readonly maxPixels: number;
  /** The longer side to the shorter one, at the most. */
  readonly maxAspectRatio: number;
}

export interface ImageSettings {
  readonly resize: Resize | undefined;
  /** Undefined: what is changed keeps its format. */
  readonly convert: WrittenFormat | undefined;
  /** 1 to 100; undefined for that of sharp. */
  readonly quality: number | undefined;
  /** Leaves out EXIF, XMP, IPTC and the colour profile. */
  readonly strip: boolean;
  /** Undefined where none is left out. */
  readonly filter: ImageFilter | undefined;
  /** Of what is made anew, the image that came is kept, too. */
  readonly keepOriginal: boolean;
}

/** Where images are kept as they came, in the destination; no item's name begins with a dot. */
export const ORIGINALS = '.originals';

/** Whether sharp may be needed: a filter looks at headers only. */
export function remakes({ resize, convert, strip }: Pick<ImageSettings, 'resize' | 'convert' | 'strip'>): boolean {
  return resize !== undefined || convert !== undefined || strip;
}

/** What names of files of a format end in. */
export function extensionOf(format: string): string {
  return format === 'jpeg' ? 'jpg' : format;
}
