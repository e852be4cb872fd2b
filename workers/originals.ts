/**
 * Images that are kept as they came, beside those that were made of them. Both are written under temporary names; then the one
 * that came gets its name, and after it the other: whoever finds the file of an item finds its original, too.
 */
import { extensionOf, type ImageSettings, ORIGINALS } from '../src/protocol/images.js';
import type { StoreSettings } from '../src/protocol/settings.js';
import { AsyncTemporaryFile, TemporaryFile } from './files.js';

/** A file, and what is to be in it. */
export interface Original {
  /** As {@link KeptOriginal} has it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The same name as its item's; where all images are converted, the extension of its own format comes after that: by another rule
 * two originals could have one name.
 */
export function originalName({ images }: StoreSettings, name: string, format: string): string {
  const { convert } = images as ImageSettings;
  return `${ORIGINALS}/${convert === undefined ? name : `${name}.${extensionOf(format)}`}`;
}

/** As {@link writeWhole} for one. @param modified the time that both files get */
export function writeBoth(settings: StoreSettings, made: Original, original: Original, modified?: number): void {
  const first = new TemporaryFile(apart(settings), original.name);
  try {
    first.write(original.bytes);
    first.close(modified);
    const second = new TemporaryFile(settings, made.name);
    try {
      second.write(made.bytes);
      second.close(modified);
      first.commit();
      second.commit();
    } catch (error) {
      second.discard();
      throw error;
    }
  } catch (error) {
    first.discard();
    throw error;
  }
}

/** The same as {@link writeBoth}, through libuv's threads. */
export async function writeBothAsync(
  settings: StoreSettings,
  made: Original,
  original: Original,
  modified?: number,
): Promise<void> {
  const first = await AsyncTemporaryFile.open(apart(settings), original.name);
  try {
    await first.write(original.bytes);
    await first.close(modified);
    const second = await AsyncTemporaryFile.open(settings, made.name);
    try {
      await second.write(made.bytes);
      await second.close(modified);
      await first.commit();
      await second.commit();
    } catch (error) {
      await second.discard();
      throw error;
    }
  } catch (error) {
    await first.discard();
    throw error;
  }
}

/** Unfinished originals lie in the run's own folder: nobody looks for what a killed run has left beside originals. */
function apart(settings: StoreSettings): StoreSettings {
  return { ...settings, fenced: true };
}
