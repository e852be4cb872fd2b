/** A command that is sent signals, as a shell sees it end. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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
  const shell = ['-c', '"$0" "$@" & echo pid $!; wait $!; echo status $?'];
  const command = [process.execPath, '--import', POISON, CLI, 'get', ...args, '-d', 'out'];
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

/** Answers each request with its path. */
export function servePaths(options: RawServerOptions = {}): Promise<RawServer> {
  return startRawServer({
    onRequest: ({ path }) => [`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`],
    ...options,
  });
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
