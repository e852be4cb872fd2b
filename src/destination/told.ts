/**
 * What a process tells of itself in a file, for others to read: whole from the beginning, and with the time that the file
 * system gives it, which is the same for all machines.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { type FileHandle, link, open, readFile, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** What a run tells of itself. */
export interface Told {
  readonly pid: number;
  readonly host: string;
  /** The same for all processes that see each other's locks. */
  readonly space: string;
  /** As in ISO 8601. */
  readonly since: string;
}

/** What the kernel's locks are seen by: all that runs since it was started and has the same network of its own. */
export const SPACE = process.platform === 'linux' ? `${bootId()} ${networkSpace()}` : hostname();

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return hostname();
  }
}

/** Names of sockets are a network namespace's own. */
function networkSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/net');
  } catch {
    return '';
  }
}

/** Of file systems that have no second names, and what they say. */
export const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/**
 * Makes a file that is not there, with its text in it from the beginning: who is killed in between leaves none that tells
 * nothing, and that others would have to wait for.
 */
export async function createWhole(path: string, text: string): Promise<FileHandle> {
  const draft = `${path}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const file = await open(draft, 'wx');
  try {
    await file.write(text);
    await link(draft, path);
    return file;
  } catch (error) {
    await file.close();
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code)) throw error;
    const direct = await open(path, 'wx');
    await direct.write(text);
    return direct;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/** What time it is, in milliseconds since 1970, by the clock of the file system that has the folder. */
export async function clockOf(folder: string): Promise<number> {
  const probe = join(folder, `now-${process.pid}-${randomBytes(4).toString('hex')}`);
  const file = await open(probe, 'wx');
  try {
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
    await unlink(probe);
  }
}

/** Milliseconds since the file was written, by the clock of its file system. */
export async function ageOf(path: string, own: string): Promise<number> {
  return (await clockOf(own)) - (await stat(path)).mtimeMs;
}

export async function readTold(path: string): Promise<Told | undefined> {
  try {
    const told = JSON.parse(await readFile(path, 'utf8')) as Partial<Told> | null;
    const { pid, host, space, since } = told ?? {};
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof space !== 'string') return undefined;
    return { pid, host, space, since: String(since) };
  } catch {
    return undefined;
  }
}
