/** How large an image becomes, as img2dataset reckons it: with halves rounded to even, as Python rounds. */
import type { Resize } from '../../../src/protocol/images.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** @returns undefined where it stays as it is */
export function sizeFor({ width, height }: Size, { size, mode, onlyShrink }: Resize): Size | undefined {
  const byShorter = mode === 'center-crop' || mode === 'keep-ratio';
  const side = byShorter ? Math.min(width, height) : Math.max(width, height);
  if (onlyShrink && side <= size) return undefined;
  const square = mode === 'border' || mode === 'fill' || mode === 'center-crop';
  const scale = size / side;
  const made = square ? { width: size, height: size } : { width: scaled(width, scale), height: scaled(height, scale) };
  return made.width === width && made.height === height ? undefined : made;
}

function scaled(side: number, scale: number): number {
  const exact = side * scale;
  const floor = Math.floor(exact);
  const rounded = exact - floor === 0.5 ? floor + (floor % 2) : Math.round(exact);
  return Math.max(1, rounded);
}
