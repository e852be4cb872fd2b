/** The built command line, as a shell runs it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
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
  return { status, stdout, stderr };
}

/** The command says that it does not use them, which no test expects. */
function withoutProxies(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:https?|all)_proxy$/i.test(name)));
}
