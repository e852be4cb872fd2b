/** Storage that really fails. Where a machine does not allow that, the answer is why not. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ChildAnswer, ChildTask } from './store-child.js';

const CHILD = fileURLToPath(new URL('store-child.js', import.meta.url));
const NOBODY = 65_534;
const STRACE = 'strace';

const isRoot = process.geteuid?.() === 0;

function succeeds(...command: readonly string[]): boolean {
  const [program = '', ...args] = command;
  return spawnSync(program, args).status === 0;
}

// A mount that is its process's own goes with it, however that ends.
const OWN_MOUNTS = ['unshare', ...(isRoot ? [] : ['--map-root-user']), '--mount'];

/** Why no small disk can be had here; false if one can. */
export const noSmallDisk: string | false =
  process.platform === 'linux' && succeeds(...OWN_MOUNTS, 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp')
    ? false
    : 'needs a tmpfs in a mount namespace';

/** The command that runs another one for which a folder is a disk of its own, with options such as `size=64k`. */
export function onSmallDisk(folder: string, options: string): string[] {
  return [...OWN_MOUNTS, 'sh', '-c', `mount -t tmpfs -o ${options} tmpfs ${folder} && exec "$0" "$@"`];
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
export const noInjection: string | false = succeeds(
  'strace',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  'inject=close:error=EIO:when=9999',
  'true',
)
  ? false
  : 'needs strace';

interface ChildRun {
  /** The command that runs it, such as a shell that sets limits. */
  readonly within?: readonly string[];
  /** Flags for Node. */
  readonly flags?: readonly string[];
  /** Threads of libuv's; Node's own number if it is missing. */
  readonly libuvThreads?: number;
}

/** Stores bodies in a process of its own, and waits until that has ended by itself. */
export function storeInChild(task: ChildTask, { within = [], flags = [], libuvThreads }: ChildRun = {}): ChildAnswer {
  mkdirSync(task.directory, { recursive: true });
  const [program, ...args] = [...within, process.execPath, ...flags, CHILD, JSON.stringify(task)];
  const env = { ...process.env };
  delete env['UV_THREADPOOL_SIZE'];
  if (libuvThreads !== undefined) env['UV_THREADPOOL_SIZE'] = String(libuvThreads);
  const { status, signal, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000, env });
  if (status !== 0) throw new Error(`ended with ${status ?? signal}: ${stderr}`);
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

/** The same as {@link onSmallDisk}, with what is on the disk at the end copied to another folder. */
export function onCopiedDisk(folder: string, options: string, copy: string): string[] {
  const script = `mount -t tmpfs -o ${options} tmpfs ${folder} || exit 99; "$0" "$@"; s=$?; cp -a ${folder}/. ${copy}/; exit $s`;
  return [...OWN_MOUNTS, 'sh', '-c', script];
}

/** The command that runs another one for which a folder is on a disk that cannot be written to. */
export function onReadOnlyDisk(folder: string): string[] {
  return [...OWN_MOUNTS, 'sh', '-c', `mount -t tmpfs -o ro tmpfs ${folder} && exec "$0" "$@"`];
}

/** Why root cannot be without its powers here; false if it can, or is not root. */
export const noPowerless: string | false =
  process.platform === 'win32'
    ? 'Windows has other permissions'
    : isRoot && !succeeds('setpriv', '--bounding-set=-all', 'true')
      ? 'root, and no setpriv'
      : false;

/** The command that runs another one for which permissions count, even if it is root. */
export const powerless: readonly string[] = isRoot ? ['setpriv', '--bounding-set=-all'] : [];

/** Why no running process can be made to fail here; false if one can. */
export const noAttaching: string | false = noInjection || (canAttach() ? false : 'strace may not attach to processes');

function canAttach(): boolean {
  const sleeper = spawn('sleep', ['9'], { stdio: 'ignore' });
  // Ends by itself only where it may not attach.
  const error: NodeJS.ErrnoException | undefined = spawnSync(STRACE, ['-o', '/dev/null', '-p', String(sleeper.pid)], {
    timeout: 300,
  }).error;
  sleeper.kill();
  return error?.code === 'ETIMEDOUT';
}

/**
 * Makes system calls of a running process fail, those on some files only.
 *
 * @returns when they do, with what ends it; else it ends with the process
 */
export async function makeFail(
  pid: number,
  paths: readonly string[],
  syscalls: string,
  how: string,
): Promise<() => void> {
  const only = paths.flatMap((path) => ['-P', path]);
  const inject = ['-e', `trace=${syscalls}`, '-e', `inject=${syscalls}:${how}`];
  const child = spawn(STRACE, ['-f', '-o', '/dev/null', '-p', String(pid), ...only, ...inject], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.includes('attached')) resolve();
    });
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`strace ended: ${text}`)));
  });
  return () => child.kill();
}

/** Why no mounts of one's own can be had here; false if they can. */
export const noOwnMounts: string | false = noSmallDisk && 'needs a mount namespace';

/** The command that runs another one for which a file has the content of another. */
export function over(path: string, content: string): string[] {
  return [...OWN_MOUNTS, 'sh', '-c', `mount --bind ${content} ${path} && exec "$0" "$@"`];
}
