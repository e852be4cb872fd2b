/** The command as a process of its own: what it said, how it ended, and how much it took. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stop } from './scenario.js';

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly status: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** It did not end in time, and was killed for that. */
  readonly late: boolean;
  /** The signals that it was sent while it ran. */
  readonly sent: readonly NodeJS.Signals[];
  /** Bytes. */
  readonly peakMemory: number;
  /** At once, at the most. */
  readonly openFiles: number;
  /** At once, at the most. */
  readonly threads: number;
  /** Processes that it has left behind. */
  readonly leftBehind: boolean;
  /** Milliseconds for which this process did not come to do anything, at the longest. */
  readonly stall: number;
}

export interface ChildOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: Uint8Array | undefined;
  readonly stop: Stop | undefined;
  /** Resolves when so many requests have come. */
  readonly requested: (requests: number) => Promise<void>;
  /** Milliseconds that it may take. */
  readonly deadline: number;
}

/** Milliseconds between two looks. */
const INTERVAL = 20;

export async function runChild(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env, input, stop, requested, deadline }: ChildOptions,
): Promise<Ended> {
  // In a group of its own, by which what it leaves behind is found.
  const child = spawn(program, args, { cwd, env, stdio: 'pipe', detached: true });
  const pid = child.pid as number;
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);

  let [late, peakMemory, openFiles, threads, stall] = [false, 0, 0, 0, 0];
  const sent: NodeJS.Signals[] = [];
  const send = (signal: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null && child.kill(signal)) sent.push(signal);
  };
  let before = performance.now();
  const started = before;
  const timer = setInterval(() => {
    const now = performance.now();
    stall = Math.max(stall, now - before - INTERVAL);
    before = now;
    const took = look(pid);
    peakMemory = Math.max(peakMemory, took.memory);
    openFiles = Math.max(openFiles, took.files);
    threads = Math.max(threads, took.threads);
    if (now - started < deadline || late) return;
    late = true;
    killGroup(pid);
  }, INTERVAL);
  if (stop !== undefined) {
    void requested(stop.requests)
      .then(() => sleep(stop.after))
      .then(async () => {
        send(stop.signal);
        if (stop.again === undefined) return;
        await sleep(stop.again);
        send(stop.signal);
      });
  }
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...ending) => resolve(ending));
  });
  clearInterval(timer);
  const leftBehind = killGroup(pid);
  const ending = { status: status ?? undefined, signal: signal ?? undefined };
  return { ...ending, stdout, stderr, late, sent, peakMemory, openFiles, threads, leftBehind, stall };
}

/** @returns whether there was any process in it */
function killGroup(pid: number): boolean {
  try {
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** What a process takes, or the one that it runs; nothing where the system does not tell. */
function look(pid: number): { memory: number; files: number; threads: number } {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
    if (child !== undefined && child !== '') return look(Number(child));
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    const files = readdirSync(`/proc/${pid}/fd`).length;
    return { memory: number('VmHWM') * 1024, files, threads: number('Threads') };
  } catch {
    return { memory: 0, files: 0, threads: 0 };
  }
}
