/** sharp, which an installation may be without: asked for before anything is requested that it would be needed for. */
import type { ResolvedOptions } from '../options/resolve.js';
import { remakes } from '../protocol/images.js';

/** @throws UsageError where a run needs it and it cannot be loaded */
export async function requireSharp({
  imageCheck,
  images,
}: Pick<ResolvedOptions, 'imageCheck' | 'images'>): Promise<void> {
  if (imageCheck !== 'pixels' && (images === undefined || !remakes(images))) return;
  const { openSharp } = await import('../../workers/steps/pixels.js');
  await openSharp();
}
