/** What one run of a command costs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from './programs.js';

/** Milliseconds after which a run is given up. */
const LIMIT = 10 * 60_000;
/** Characters of its complaints that are kept: the last ones. */
const COMPLAINT = 300;
const TIMER = '/usr/bin/time';

export interface Cost {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of processors, in the program and the kernel. */
  readonly cpu: number;
  /** Bytes resident at the most; undefined where nothing tells. */
  readonly peak: number | undefined;
  /** Null if a signal ended it. */
  readonly status: number | null;
  /** The end of what it wrote to standard error. */
  readonly complaint: string;
}

export interface Surroundings {
  /** Working directory, for files of the measuring too. */
  readonly cwd: string;
  /** GNU time; without, the shell's `times` tells all but the peak. */
  readonly timer: string | undefined;
  readonly signal: AbortSignal;
}

/** GNU time, which reports what the kernel says when a process is reaped; that of other systems knows no formats. */
export function findTimer(): string | undefined {
  return outputOf(TIMER, ['--version'])?.includes('GNU') === true ? TIMER : undefined;
}

/** Runs a command to its end. When the signal aborts, it ends at once, with all that it started, before this rejects. */
export async function measure(command: readonly string[], { cwd, timer, signal }: Surroundings): Promise<Cost> {
  signal.throwIfAborted();
  const file = join(cwd, 'usage');
  const [program = '', ...args] = withUsage(command, file, timer);
  const started = performance.now();
  const child = spawn(program, args, { cwd, env: direct(), detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => {
    // It is a group of its own: the timer and the command.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 9);
  };
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT);
  });
  let wall = 0;
  child.once('exit', () => {
    wall = (performance.now() - started) / 1000;
  });
  const limit = setTimeout(kill, LIMIT);
  signal.addEventListener('abort', kill);
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    return { wall, status, complaint: complaint.trim(), ...readUsage(file, timer) };
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', kill);
    rmSync(file, { force: true });
  }
}

function withUsage(command: readonly string[], file: string, timer: string | undefined): readonly string[] {
  if (timer !== undefined) return [timer, '--format=%U %S %M', `--output=${file}`, ...command];
  return ['/bin/sh', '-c', 'file=$1; shift; "$@"; status=$?; times >"$file"; exit $status', 'sh', file, ...command];
}

function readUsage(file: string, timer: string | undefined): Pick<Cost, 'cpu' | 'peak'> {
  const last = readLast(file);
  if (timer === undefined) {
    const [user, system] = [...last.matchAll(/(\d+)m(\d+)[.,](\d+)s/g)].map(
      ([, minutes, seconds, parts]) => Number(minutes) * 60 + Number(`${seconds}.${parts}`),
    );
    return { cpu: (user ?? NaN) + (system ?? NaN), peak: undefined };
  }
  const [user = NaN, system = NaN, kibibytes = NaN] = last.split(' ').map(Number);
  return { cpu: user + system, peak: kibibytes * 1024 };
}

/** The last line, since the timer tells of failures before; empty if it was killed before it could tell anything. */
function readLast(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}

/** The environment without proxies, which some contestants would ask for this machine's own server. */
function direct(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
}
