/** A command that is sent signals, as a shell sees it end. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI } from './cli.js';
import { filesBelow } from './folders.js';
import { type RawServer, type RawServerOptions, startRawServer } from './raw-server.js';

export const POISON = new URL('poison.js', import.meta.url).href;
export const noFifo = process.platform === 'win32' ? 'Windows has no FIFOs' : false;

const MKFIFO = 'mkfifo';

export interface Running {
  /** So far. */
  readonly stderr: () => string;
  /** The status that the shell saw. */
  readonly status: Promise<number>;
  readonly directory: string;
  kill(signal: NodeJS.Signals): void;
}

/** Runs `sluice get ...args -d out` in `cwd`, its threads poisoned. */
export function start(cwd: string, ...args: readonly string[]): Running {
  return startWith('', cwd, ...args);
}

/** The same. @param hook a module that is loaded before it */
export function startWith(hook: string, cwd: string, ...args: readonly string[]): Running {
  const shell = ['-c', '"$0" "$@" & echo pid $!; wait $!; echo status $?'];
  const flags = ['--import', POISON, '--import', asUrl(hook)];
  const command = [process.execPath, ...flags, CLI, 'get', ...args, '-d', 'out'];
  const child = spawn('sh', [...shell, ...command], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const directory = join(cwd, 'out');
  return {
    stderr: () => stderr,
    status: new Promise((resolve) => child.on('close', () => resolve(Number(/status (\d+)/.exec(stdout)?.[1])))),
    directory,
    kill: (signal) => {
      process.kill(Number(/pid (\d+)/.exec(stdout)?.[1]), signal);
    },
  };
}

export interface Ended {
  /** Undefined when it had to be killed. */
  readonly status: number | undefined;
  readonly stderr: string;
}

/** Loaded before a command: tells when it listens for signals. */
const TELLS = `
  process.on('newListener', (name) => {
    if (name === 'SIGTERM') setImmediate(() => process.stderr.write('listens\\n'));
  });
`;
/** Milliseconds after which a command that has not ended will not. */
const MOST = 60_000;

/**
 * Runs a command whose standard input is open and silent, sends it a signal while it begins, and waits for its end.
 *
 * @param hook a module that is loaded before it
 */
export async function interruptBegun(
  cwd: string,
  args: readonly string[],
  signal: NodeJS.Signals,
  hook = '',
): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', asUrl(hook + TELLS), CLI, ...args], {
    cwd,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | undefined>((resolve) => {
    child.on('close', (status, by) =>
      resolve(status ?? (by === 'SIGKILL' || by === null ? undefined : 128 + constants.signals[by])),
    );
  });
  await until(() => stderr.includes('listens'));
  // It may have got to what it waits for; before, the signal has to end it just as well.
  await sleep(200);
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), MOST);
  const status = await ended;
  clearTimeout(timer);
  return { status, stderr };
}

function asUrl(module: string): string {
  return `data:text/javascript,${encodeURIComponent(module)}`;
}

/** Answers each request with its path. */
export function servePaths(options: RawServerOptions = {}): Promise<RawServer> {
  return startRawServer({
    onRequest: ({ path }) => [`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`],
    ...options,
  });
}

export function makeList(cwd: string, name: string): string {
  spawnSync(MKFIFO, [join(cwd, name)]);
  return name;
}

/** Makes a FIFO in the destination that blocks the worker that stores under its name. */
export function makeFifo(cwd: string): string {
  const name = 'poison-fifo';
  mkdirSync(join(cwd, 'out'), { recursive: true });
  spawnSync(MKFIFO, [join(cwd, 'out', name)]);
  return name;
}

/** What runs leave that ended without an end. */
export function unfinished(directory: string): string[] {
  return filesBelow(directory).filter((name) => /unfinished|\.sluice.run/.test(name));
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}
