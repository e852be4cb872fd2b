/** What the command does before its first request, and what it leaves for its next start. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sluice } from './helpers/cli.js';
import { noInjection } from './helpers/faults.js';
import { scratch } from './helpers/scratch.js';
import { servePaths } from './helpers/signals.js';

const noCache = !('enableCompileCache' in module) && 'this Node has no compile cache';
const BUNDLE = fileURLToPath(new URL('../src/bundle', import.meta.url));
/** Files of JavaScript that one `get` may read before it asks: more of them cost it half a millisecond each. */
const MOST_READ = 8;

/** Runs the command with a folder for temporary files of its own. @returns that folder, and where it has run */
async function runWith(t: TestContext, env: NodeJS.ProcessEnv, before: (cache: string) => void = () => undefined) {
  await using server = await servePaths();
  const [cwd, temporary] = [scratch(t), scratch(t)];
  const cache = join(temporary, 'node-compile-cache');
  before(cache);
  const none = { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined };
  const args = ['get', '-q', `${server.origin}/file`];
  const { status, stderr } = await sluice(args, { cwd, env: { ...none, TMPDIR: temporary, ...env } });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(cwd), ['downloads']);
  assert.deepEqual(readdirSync(join(cwd, 'downloads')).toSorted(), ['.sluice', 'file']);
  return { temporary, cache };
}

describe('what V8 makes of the program', { skip: noCache }, () => {
  test("is kept in Node's place for that, which nobody else can read, and nowhere else", async (t) => {
    const { temporary, cache } = await runWith(t, {});
    assert.deepEqual(readdirSync(temporary), ['node-compile-cache']);
    assert.ok(readdirSync(cache, { recursive: true }).length > 1);
  });

  test('is not kept where NODE_DISABLE_COMPILE_CACHE says so', async (t) => {
    const { temporary } = await runWith(t, { NODE_DISABLE_COMPILE_CACHE: '1' });
    assert.deepEqual(readdirSync(temporary), []);
  });

  test('is kept where NODE_COMPILE_CACHE says, and nowhere else', async (t) => {
    const given = scratch(t);
    const { temporary } = await runWith(t, { NODE_COMPILE_CACHE: given });
    assert.deepEqual(readdirSync(temporary), []);
    assert.ok(readdirSync(given, { recursive: true }).length > 1);
  });

  test(
    'is not kept where others can write: what lies there is run',
    { skip: process.platform === 'win32' },
    async (t) => {
      const { cache } = await runWith(t, {}, (folder) => {
        mkdirSync(folder);
        chmodSync(folder, 0o777);
      });
      assert.deepEqual(readdirSync(cache), []);
    },
  );

  test('is not kept where there is no folder for temporary files, and the run goes on', async (t) => {
    const missing = join(scratch(t), 'missing');
    await runWith(t, { TMPDIR: missing });
    assert.equal(existsSync(missing), false);
  });
});

test(`one get reads ${MOST_READ} files of JavaScript at most before it asks`, { skip: noInjection }, async (t) => {
  await using server = await servePaths();
  const cwd = scratch(t);
  const trace = join(cwd, 'trace');
  const within = ['strace', '-f', '-qq', '-e', 'trace=open,openat,connect', '-o', trace];
  const { status } = await sluice(['get', '-q', `${server.origin}/file`], { cwd, within });
  assert.equal(status, 0);
  const lines = readFileSync(trace, 'utf8').split('\n');
  const asked = lines.findIndex((line) => line.includes(`htons(${new URL(server.origin).port})`));
  assert.ok(asked > 0, 'it has asked');
  const read = lines.slice(0, asked).filter((line) => /\.[cm]?js", .*= \d+$/.test(line));
  assert.ok(read.length > 0, 'it has read files');
  assert.ok(read.length <= MOST_READ, read.join('\n'));
});

test('a package that is in the bundle brings its licence along', () => {
  const bundled = readdirSync(BUNDLE).filter((name) => name.endsWith('.cjs'));
  const texts = bundled.map((name) => readFileSync(join(BUNDLE, name), 'utf8')).join('\n');
  for (const name of ['commander', 'hyparquet', 'hyparquet-writer', 'undici']) {
    const folder = fileURLToPath(new URL(`../../node_modules/${name}`, import.meta.url));
    const license = readFileSync(join(folder, 'LICENSE'), 'utf8');
    assert.ok(texts.includes(license), name);
  }
});
