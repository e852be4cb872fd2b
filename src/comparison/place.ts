/** Where a benchmark keeps what it makes. */
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LARGE, SMALL_SPACE } from './corpus.js';
import type { Scenario } from './scenarios.js';

/** Where Linux has a file system in memory that everybody may write to. */
const MEMORY = '/dev/shm';
/** The types of `statfs` for tmpfs and ramfs. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6]);

/** A fresh folder in `parent`, or in memory, or among the temporary ones. */
export function makePlace(parent: string | undefined): string {
  return mkdtempSync(join(parent ?? (isWritable(MEMORY) ? MEMORY : tmpdir()), 'sluice-bench-'));
}

/** Removes a folder with all that is in it, also what a program that was just killed still puts there. */
export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** For people: what kind of storage a folder is on. */
export function describePlace(folder: string): string {
  return IN_MEMORY.has(statfsSync(folder).type) ? 'memory' : 'disk';
}

/** Why a scenario cannot run in a folder: it and the copies of one contestant do not fit; undefined if it can. */
export function describeLack(folder: string, { bodies, storage }: Scenario, files: number): string | undefined {
  const needed = files * (bodies === 'large' ? LARGE : SMALL_SPACE) * (storage === 'near' ? 2 : 1);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free > needed) return undefined;
  return `needs ${megabytes(needed)} MB, and there are ${megabytes(free)} MB: name another place with --dir`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
