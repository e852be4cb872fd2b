/** The package in a folder that has nothing, as its users install it. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratch } from '../../helpers/scratch.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const TSC = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const MINUTES = 60_000;

/** A program that uses the library, in whatever module system. */
const PROGRAM = `
const run = download(['http://localhost/a', { url: 'http://localhost/b', name: 'b' }], { maxRequests: 8 });
export async function main(): Promise<number> {
  for await (const outcome of run) if (outcome.status === 'error') throw new SluiceError(outcome.error.code, '', { hint: '' });
  const error: SluiceError = new UsageError('', '');
  return run.summary.ok + error.message.length;
}
`;

interface Ended {
  readonly status: number | null;
  readonly all: string;
}

function run(cwd: string, program: string, ...args: string[]): Ended {
  const env = { ...process.env, npm_config_audit: 'false', npm_config_fund: 'false', npm_config_yes: 'true' };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', env, timeout: 5 * MINUTES });
  return { status, all: `${stdout}${stderr}` };
}

function must(cwd: string, program: string, ...args: string[]): string {
  const { status, all } = run(cwd, program, ...args);
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${all}`);
  return all;
}

const isOffline = run(root, 'npm', 'ping', '--fetch-retries=0', '--fetch-timeout=10000').status !== 0;
const skip = isOffline && 'needs the registry of npm';

/** With the package of a package manager itself, which need not be here. */
const MANAGERS: Readonly<Record<string, readonly string[]>> = {
  npm: ['npm', 'install'],
  pnpm: ['npx', 'pnpm@10', 'add'],
  yarn: ['npx', 'yarn@1', 'add', '--non-interactive'],
};

describe('the package, installed', { skip, timeout: 20 * MINUTES }, () => {
  let tarball = '';
  let home = '';
  let tidy: (() => void) | undefined;

  before(() => {
    home = scratch({ after: (fn) => (tidy = fn) });
    const [{ filename }] = JSON.parse(
      spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', home], {
        cwd: root,
        encoding: 'utf8',
      }).stdout,
    ) as [{ filename: string }];
    tarball = join(home, filename);
  });
  after(() => tidy?.());

  function empty(name: string): string {
    const folder = join(home, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "name": "nothing", "version": "1.0.0", "private": true }\n');
    return folder;
  }

  for (const [name, [program = '', ...args]] of Object.entries(MANAGERS)) {
    test(`by ${name} it has its command and its library`, async () => {
      const cwd = empty(name);
      must(cwd, program, ...args, tarball);
      const server = createServer((_request, answer) => answer.end('whole')).listen(0);
      const serving = `http://localhost:${(server.address() as AddressInfo).port}`;
      try {
        const got = await npx(cwd, 'get', '-d', 'files', `${serving}/a`);
        assert.match(got.all, /^1 file downloaded/m);
        writeFileSync(
          join(cwd, 'program.mjs'),
          `import { download } from 'sluice';\nfor await (const { status } of download(['${serving}/b'])) console.log(status);\n`,
        );
        writeFileSync(
          join(cwd, 'program.cjs'),
          `const { download } = require('sluice');\n(async () => { for await (const { status } of download(['${serving}/c'])) console.log(status); })();\n`,
        );
        for (const file of ['program.mjs', 'program.cjs']) {
          const { status, all } = await later(cwd, process.execPath, file);
          assert.deepEqual([status, all], [0, 'ok\n'], file);
        }
      } finally {
        server.close();
      }
    });
  }

  test('npx sluice flags downloads the flags from the servers that are in it', async () => {
    const cwd = empty('flags');
    must(cwd, 'npm', 'install', tarball);
    const { all } = await npx(cwd, 'flags', '-l', '5');
    assert.match(all, /^5 flags downloaded\./m);
    assert.equal(readdirSync(join(cwd, 'downloads')).filter((name) => name.endsWith('.gif')).length, 5);
  });

  test('without sharp all goes but pixels, which says so before anything is requested', async () => {
    const cwd = empty('without');
    must(cwd, 'npm', 'install', '--omit=optional', tarball);
    let requests = 0;
    const gif = readFileSync(join(cwd, 'node_modules/sluice/dist/flags/br/br.gif'));
    const server = createServer((_request, answer) => {
      requests += 1;
      answer.end(gif);
    }).listen(0);
    try {
      const url = `http://localhost:${(server.address() as AddressInfo).port}/br.gif`;
      const pixels = await npx(cwd, 'get', '--image-check', 'pixels', '-d', 'none', url);
      assert.equal(pixels.status, 2, pixels.all);
      assert.match(
        pixels.all,
        /^\*\*\* Usage error: sharp, which decodes images, cannot be loaded: .*npm install sharp/m,
      );
      assert.equal(requests, 0);
      const structure = await npx(cwd, 'get', '--image-check', 'structure', '-d', 'files', url);
      assert.equal(structure.status, 0, structure.all);
      assert.deepEqual(readFileSync(join(cwd, 'files/br.gif')), gif);
    } finally {
      server.close();
    }
  });

  test('its types hold under node16, nodenext and bundler, for modules and for CommonJS', () => {
    const cwd = empty('types');
    must(cwd, 'npm', 'install', '--omit=optional', tarball, '@types/node@20');
    const modules = `import { download, SluiceError, UsageError } from 'sluice';\n${PROGRAM}`;
    for (const name of ['program.mts', 'program.cts']) writeFileSync(join(cwd, name), modules);
    writeFileSync(join(cwd, 'bundled.ts'), modules);
    const strict = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      'false',
      '--types',
      'node',
    ];
    const target = ['--target', 'es2023', '--lib', 'es2023,esnext.disposable,dom'];
    for (const module of ['node16', 'nodenext']) {
      must(cwd, process.execPath, TSC, ...strict, ...target, '--module', module, 'program.mts', 'program.cts');
    }
    must(
      cwd,
      process.execPath,
      TSC,
      ...strict,
      ...target,
      '--module',
      'esnext',
      '--moduleResolution',
      'bundler',
      'bundled.ts',
    );
  });

  test('publint and arethetypeswrong find nothing', () => {
    const cwd = empty('linted');
    must(cwd, 'npx', 'publint@0.3', 'run', tarball, '--strict');
    // The schema is read as a file: a resolution of before there were `exports` does not find it.
    must(cwd, 'npx', '@arethetypeswrong/cli@0.18', tarball, '--exclude-entrypoints', 'events.schema.json');
  });

  test('the README tells its size and how many packages it brings', () => {
    const cwd = empty('counted');
    const added = must(cwd, 'npm', 'install', '--loglevel', 'notice', tarball);
    const [, packages = ''] = /added (\d+) packages/.exec(added) ?? [];
    const [, told = ''] = /(\d+) packages/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
    // sharp brings one more where it has a library for each libc.
    assert.ok(Math.abs(Number(packages) - Number(told)) <= 2, `${packages} packages, and the README says ${told}`);
  });
});

/** The command that is installed in a folder; the server that it asks is in this process. */
function npx(cwd: string, ...args: string[]): Promise<Ended> {
  return later(cwd, 'npx', '--no-install', 'sluice', ...args);
}

function later(cwd: string, program: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: MINUTES }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), all: `${stdout}${stderr}` });
    });
  });
}
