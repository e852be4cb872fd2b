/** Storage that really fails. Where a machine does not allow that, the answer is why not. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { subfolder } from './folders.js';
import { scratch } from './scratch.js';
import type { ChildAnswer, ChildTask } from './store-child.js';

const CHILD = fileURLToPath(new URL('store-child.js', import.meta.url));
const NOBODY = 65_534;

type Test = Parameters<typeof scratch>[0];

const isRoot = process.geteuid?.() === 0;

/** Why no file system can be mounted here; false if one can. */
export const noMount: string | false =
  process.platform === 'linux' && isRoot && canMount() ? false : 'needs a root that may mount a tmpfs';

function canMount(): boolean {
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
}

/** A folder on a disk of its own, of a size such as `64k`; unmounted after the test. */
export function smallDisk(t: Test, size: string): string {
  // Hooks run in the order in which they were added: unmounted first, then removed.
  let disk: string | undefined;
  t.after(() => {
    if (disk !== undefined) execFileSync('umount', [disk]);
  });
  const path = subfolder(scratch(t), 'disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  disk = path;
  return subfolder(path, 'd');
}

/** Why file permissions cannot be tried here; false if they can. */
export const noPermissions: string | false =
  process.platform === 'win32'
    ? 'Windows has other permissions'
    : isRoot && !canBecomeNobody()
      ? 'root, and no other user'
      : false;

function canBecomeNobody(): boolean {
  return spawnSync('true', { uid: NOBODY }).status === 0;
}

/** Runs as a user for whom permissions count. */
export async function unprivileged<T>(run: () => Promise<T>): Promise<T> {
  if (!isRoot) return run();
  process.seteuid?.(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

/** Why system calls cannot be made to fail here; false if they can. */
export const noInjection: string | false =
  spawnSync('strace', ['-qq', '-o', '/dev/null', '-e', 'inject=close:error=EIO:when=9999', 'true']).status === 0
    ? false
    : 'needs strace';

interface ChildRun {
  /** The command that runs it, such as a shell that sets limits. */
  readonly within?: readonly string[];
  /** Flags for Node. */
  readonly flags?: readonly string[];
}

/** Stores bodies in a process of its own, and waits until that has ended by itself. */
export function storeInChild(task: ChildTask, { within = [], flags = [] }: ChildRun = {}): ChildAnswer {
  mkdirSync(task.directory, { recursive: true });
  const [program, ...args] = [...within, process.execPath, ...flags, CHILD, JSON.stringify(task)];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  return JSON.parse(stdout) as ChildAnswer;
}

/** The command that runs another one within a limit of `ulimit`. */
export function limited(limit: string): string[] {
  return ['sh', '-c', `ulimit ${limit} && exec "$0" "$@"`];
}

/** The command that makes a system call fail for one file. */
export function failing(path: string, syscalls: string, how: string): string[] {
  return [
    'strace',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-P',
    path,
    '-e',
    `trace=${syscalls}`,
    '-e',
    `inject=${syscalls}:${how}`,
  ];
}
