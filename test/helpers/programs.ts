/** Programs of this machine, run for a test. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Why tests skip; false if the program is there. */
export function missing(program: string): string | false {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0 ? false : `needs ${program}`;
}

/** Whether there is no such process, or none in its group where the number is a negative one. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Below those that systems give away by themselves: nobody gets one of these between its choice and its use by chance. */
const [FIRST_PORT, LAST_PORT] = [20_000, 32_000];

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** Runs a server until the test ends; resolves when something listens on its port. */
export async function runServer(
  t: { after(fn: () => Promise<void>): void },
  [program = '', ...args]: readonly string[],
  port: number,
): Promise<void> {
  let told = '';
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (told += text.toString()));
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await ended;
    clearTimeout(late);
  });
  for (let tries = 0; ; tries += 1) {
    assert.equal(child.exitCode, null, `${program} ended: ${told}`);
    if (await listens(port)) return;
    assert.ok(tries < 2_400, `${program} does not listen: ${told}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
