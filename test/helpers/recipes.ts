/** Recipes of the documents: what stands in blocks of `sh`, run as it stands. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveInThread } from '../../src/server/thread.js';
import { CLI } from './cli.js';
import { scratch } from './scratch.js';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface Recipe {
  /** By which tests name it: its first line that is no comment. */
  readonly name: string;
  readonly commands: readonly Line[];
  /** What the last command prints, where the document has it in a block of its own right behind. */
  readonly prints: string | undefined;
}

interface Line {
  readonly command: string;
  /** Without a word of it in the comment behind the command: 0. */
  readonly status: number;
  /** Quoted in that comment: parts of what is told. */
  readonly tells: readonly string[];
  /** Named in a comment below it, `# makes NAME, NAME`: below the folder `downloads`. */
  readonly makes: readonly string[];
}

/** @param path below the root */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function recipesOf(text: string): readonly Recipe[] {
  return [...text.matchAll(/^```sh\n([^]*?)^```\n(?:\n```\n([^]*?)^```\n)?/gm)].map(([, block = '', prints]) => {
    const commands = linesOf(block);
    return { name: commands[0]?.command ?? '', commands, prints };
  });
}

function linesOf(block: string): Line[] {
  const lines: Line[] = [];
  // A here-document or a line that goes on is one command.
  for (const [whole] of block.matchAll(/.*<<(\w+)[^]*?\n\1\n|(?:.*\\\n)*.*\n/g)) {
    const [, names] = /^# makes (.*)\n$/.exec(whole) ?? [];
    const last = lines.at(-1);
    if (names !== undefined && last !== undefined) lines[lines.length - 1] = { ...last, makes: names.split(', ') };
    if (whole.startsWith('#') || whole.trim() === '') continue;
    const [, command = '', comment = ''] = /^([^]*?)(?:\s+# (.*))?\n$/.exec(whole) ?? [];
    const [, status = '0'] = /^status (\d+)\b/.exec(comment) ?? [];
    const tells = [...comment.matchAll(/"([^"]+)"/g)].map(([, told = '']) => told);
    lines.push({ command, status: Number(status), tells, makes: [] });
  }
  return lines;
}

/** What a server of another name answers for a path. */
export type Answers = Readonly<Record<string, (response: ServerResponse) => void>>;

/** A folder in which recipes run one after the other, with the built command on the path. */
export class Kitchen {
  readonly cwd: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.cwd = cwd;
    this.#env = env;
  }

  /** Requests for `localhost:8001` go to a server of their own, those for any other to `answers`, by a proxy. */
  static async open(t: TestContext, answers: Answers = {}): Promise<Kitchen> {
    const server = await serveInThread();
    t.after(() => server.close());
    const proxy = createServer((incoming, response) => {
      const { host, pathname, search } = new URL(incoming.url as string);
      const answer = answers[pathname];
      if (host !== 'localhost:8001' && answer !== undefined) {
        answer(response);
        return;
      }
      const { host: _host, ...headers } = incoming.headers;
      request({ port: server.port, path: pathname + search, headers }, (answered) => {
        response.writeHead(answered.statusCode as number, answered.headers);
        answered.pipe(response);
      }).end();
    });
    await new Promise<void>((resolve) => {
      proxy.listen(0, '127.0.0.1', resolve);
    });
    t.after(() => {
      proxy.close();
      proxy.closeAllConnections();
    });
    const folder = scratch(t);
    const [cwd, programs] = [join(folder, 'cwd'), join(folder, 'bin')];
    for (const path of [cwd, programs]) mkdirSync(path);
    writeFileSync(join(programs, 'sluice'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, { mode: 0o755 });
    const { no_proxy: _no, NO_PROXY: _NO, ...env } = process.env;
    const path = `${programs}${delimiter}${env['PATH'] ?? ''}`;
    const { port } = proxy.address() as AddressInfo;
    return new Kitchen(cwd, { ...env, PATH: path, http_proxy: `http://127.0.0.1:${port}`, HOME: folder });
  }

  /** Runs all commands of a recipe, each as it stands, and checks what the document says of it. */
  async cook({ commands, prints }: Recipe): Promise<void> {
    for (const [n, { command, status, tells, makes }] of commands.entries()) {
      const ran = await this.#run(command);
      const said = `${command}\n${ran.stdout}${ran.stderr}`;
      assert.equal(ran.status, status, said);
      for (const told of tells) assert.ok(`${ran.stdout}${ran.stderr}`.includes(told), `${told}\nis not in\n${said}`);
      for (const name of makes) assert.ok(existsSync(join(this.cwd, 'downloads', name)), `${name}\n${said}`);
      if (prints !== undefined && n === commands.length - 1) assert.equal(ran.stdout, prints);
    }
  }

  async #run(
    command: string,
  ): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
    const child = spawn('sh', ['-c', command], { cwd: this.cwd, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { status, stdout, stderr };
  }
}

/** Recipes that are not run, by their names, with the reason; each of them has to be there. */
export function wanted(recipes: readonly Recipe[], notRun: Readonly<Record<string, string>>): readonly Recipe[] {
  const names = new Set(recipes.map(({ name }) => name));
  const gone = Object.keys(notRun).filter((name) => !names.has(name));
  assert.deepEqual(gone, [], 'listed as not run, and not in the document');
  return recipes.filter(({ name }) => notRun[name] === undefined);
}
