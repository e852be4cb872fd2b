/**
 * Whether the workers of a queue see the same storage: who makes the queue puts an empty file with a name of its own
 * beside the plan, and writes that name into the queue. Who does not find the file sees another storage, or a copy.
 */
import { randomBytes } from 'node:crypto';
import { access, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { storageFailed } from '../../journal/examine.js';

const NAME = /^[0-9a-f]{16}$/;
/** Looks, for a file system of a network may tell for a while that what another machine has made is not there. */
const LOOKS = 4;
const BETWEEN = 1_000;

/** @param folder of marks, in a folder that is there @returns its name @throws StorageError */
export async function makeMark(folder: string): Promise<string> {
  const mark = randomBytes(8).toString('hex');
  try {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await (await open(join(folder, mark), 'wx')).close();
    return mark;
  } catch (error) {
    throw storageFailed(error, 'make a mark in', folder);
  }
}

/** Of a queue that is no more, or that another worker has made first; '' is none. */
export async function removeMark(folder: string, mark: string): Promise<void> {
  if (mark !== '') await unlink(join(folder, mark)).catch(() => undefined);
}

export async function seesMark(folder: string, mark: string): Promise<boolean> {
  if (!NAME.test(mark)) return false;
  for (let look = 1; ; look += 1) {
    try {
      await access(join(folder, mark));
      return true;
    } catch {
      if (look === LOOKS) return false;
    }
    // Reading the folder makes a client of NFS ask the server for what is new in it.
    await readdir(folder).catch(() => undefined);
    await sleep(BETWEEN);
  }
}
