/** The built command line, as a shell runs it. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HOST = fileURLToPath(new URL('command-host.cjs', import.meta.url));
export const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What {@link warmSluice} sends to its process. */
export interface CommandLine {
  readonly args: readonly string[];
  readonly cwd: string;
  /** As of {@link RunOptions}. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface RunOptions {
  /** Working directory. */
  readonly cwd: string;
  /** What standard input holds; it is closed at once without. */
  readonly input?: string | Uint8Array;
  /** Besides what this process has in its environment; undefined takes a variable away. */
  readonly env?: NodeJS.ProcessEnv;
  /** The command that runs it, such as a shell that sets limits. */
  readonly within?: readonly string[];
  /** Flags for Node. */
  readonly flags?: readonly string[];
  /** Told of its process as soon as there is one. */
  readonly onStart?: (pid: number) => unknown;
}

export async function sluice(args: readonly string[], options: RunOptions): Promise<Ran> {
  const { cwd, input, env, within = [], flags = [], onStart } = options;
  const [program = '', ...rest] = [...within, process.execPath, ...flags, CLI, ...args];
  const child = spawn(program, rest, { cwd, stdio: 'pipe', env: { ...withoutProxies(), ...env } });
  if (child.pid !== undefined) onStart?.(child.pid);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // The command may end without reading it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // What one that was killed had asked for is read by servers of this process before it counts as another's.
  for (let turns = 0; turns < 5; turns += 1) await setImmediate();
  return { status, stdout, stderr };
}

/** Sends a signal to a process of which {@link RunOptions.onStart} has told, unless it has ended meanwhile. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

let host: ChildProcess | undefined;
let before: Promise<unknown> = Promise.resolve();

/**
 * The same in a process that all calls of a test file share, one after the other: a run takes a seventh of the processor
 * time, for the program is loaded once. For tests of what runs do, not of how processes begin and end.
 */
export async function warmSluice(
  args: readonly string[],
  { cwd, env }: Pick<CommandLine, 'cwd' | 'env'>,
): Promise<Ran> {
  // A message has no place for what is undefined.
  const overrides = env && Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? null]));
  const ran = before.then(() => runInHost({ args, cwd, env: overrides as NodeJS.ProcessEnv | undefined }));
  before = ran.catch(() => undefined);
  return ran;
}

async function runInHost(line: CommandLine): Promise<Ran> {
  // Another one, where that of the call before has ended: it alone is to fail.
  if (host?.connected !== true)
    host = fork(HOST, { env: withoutProxies(), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const child = host;
  child.ref();
  child.channel?.ref();
  try {
    return await new Promise<Ran>((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (status, signal) => reject(new Error(`the host ended with ${status ?? signal}`)));
      child.send(line);
    });
  } finally {
    child.removeAllListeners();
    // It ends when this process does.
    child.unref();
    child.channel?.unref();
  }
}

/** The command says that it does not use them, which no test expects. */
function withoutProxies(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:https?|all)_proxy$/i.test(name)));
}
