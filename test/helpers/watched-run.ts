/** A run of the built command whose page a test looks at. */
import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { CLI } from './cli.js';

export interface WatchedRun {
  readonly child: ChildProcess;
  /** Of its page, `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** What it has written to standard error, up to now. */
  readonly stderr: () => string;
  /** Its exit status, when it has ended. */
  readonly ended: Promise<number | null>;
}

/** Resolves when it tells where its page is. */
export async function watched(
  t: { after(fn: () => void): void },
  args: readonly string[],
  { cwd, flags = [] }: { readonly cwd: string; readonly flags?: readonly string[] },
): Promise<WatchedRun> {
  const child = spawn(process.execPath, [...flags, CLI, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      stderr += piece;
      const [, found] = /^The run is shown at (\S+)$/m.exec(stderr) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then((status) => reject(new Error(`ended with ${status}: ${stderr}`)));
  });
  return { child, url, stderr: () => stderr, ended };
}

export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Told of what comes, while it does. */
  readonly onText?: (text: string) => void;
}

/** A request as it is given: fetch sets Host by itself. */
export function ask(url: string, { method = 'GET', headers = {}, body, onText }: Asked = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (response) => {
      if (onText !== undefined) response.setEncoding('utf8').on('data', onText);
      text(response).then(
        (whole) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole }),
        reject,
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Asks again until a run has begun. */
export async function jsonOf<T>(url: string): Promise<T> {
  for (;;) {
    const { status, body } = await ask(`${url}summary.json`);
    if (status === 200) return JSON.parse(body) as T;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
