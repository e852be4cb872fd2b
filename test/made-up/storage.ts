/** What makes the storage of a run what it is made up to be. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onCopiedDisk, onReadOnlyDisk } from '../helpers/faults.js';
import type { Storage } from './scenario.js';

export interface Circumstances {
  /** The command that runs it. */
  readonly within: readonly string[];
  /** Flags for Node. */
  readonly flags: readonly string[];
  /** To be called when it has ended. */
  readonly after: () => void;
}

const SLOW = new URL('../helpers/slow-storage.js', import.meta.url).href;
const SOUND: Circumstances = { within: [], flags: [], after: () => undefined };

/** @param side a folder for what is not to lie in the destination */
export function onStorage(storage: Storage, directory: string, side: string): Circumstances {
  if (storage.kind === 'slow') return { ...SOUND, flags: ['--import', SLOW] };
  if (storage.kind === 'read-only') return { ...SOUND, within: onReadOnlyDisk(directory) };
  if (storage.kind === 'small') return onDisk(storage.kilobytes, directory, join(side, 'copy'));
  return storage.kind === 'failing' ? { ...SOUND, within: makingFail(storage) } : SOUND;
}

function makingFail({ calls, first, step }: Storage & { readonly kind: 'failing' }): string[] {
  const inject = `inject=${calls}:error=EIO:when=${first}+${step}`;
  return ['strace', '-f', '-qq', '--seccomp-bpf', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', inject];
}

/** What is on it at the end is in the destination after that. */
function onDisk(kilobytes: number, directory: string, copy: string): Circumstances {
  mkdirSync(copy);
  const after = (): void => {
    rmSync(directory, { recursive: true });
    renameSync(copy, directory);
  };
  return { ...SOUND, within: onCopiedDisk(directory, `size=${kilobytes}k`, copy), after };
}
