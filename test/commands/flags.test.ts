import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { ALL_CODES } from '../../src/flags/codes.js';
import { type RunningServer } from '../../src/server/server.js';
import { serveInThread } from '../../src/server/thread.js';
import { sluice, warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';

const ELAPSED = /Elapsed time: \d+\.\d\ds\n$/;

describe('sluice flags', () => {
  let server: RunningServer;
  let base: string;
  before(async () => {
    server = await serveInThread();
    base = `http://localhost:${server.port}/flags`;
  });
  after(() => server.close());

  test('--all stores 194 files, each a GIF that another decoder opens, and reports as the book does', async (t) => {
    const cwd = scratch(t);
    const { status, stdout } = await sluice(['flags', '-a', '-m', '100', '--base-url', base], { cwd });
    assert.equal(status, 0);
    assert.match(stdout, ELAPSED);
    assert.equal(
      stdout.replace(ELAPSED, ''),
      `LOCAL site: ${base}\nSearching for 194 flags: from AD to ZW\n100 concurrent connections will be used.\n` +
        `--------------------\n194 flags downloaded.\n`,
    );
    const names = readdirSync(join(cwd, 'downloads'));
    assert.deepEqual(names.sort(), ALL_CODES.map((code) => `${code.toLowerCase()}.gif`).sort());
    for (const name of names) {
      const { format, width } = await sharp(readFileSync(join(cwd, 'downloads', name))).metadata();
      assert.deepEqual({ format, width }, { format: 'gif', width: 320 });
    }
  });

  test('a run with nothing said downloads the 20 most populous, 5 at once', async (t) => {
    const { stdout } = await warmSluice(['flags', '--base-url', base], { cwd: scratch(t) });
    assert.match(stdout, /^Searching for 20 flags: from BD to VN\n5 concurrent connections will be used\.$/m);
    assert.match(stdout, /^20 flags downloaded\.$/m);
  });

  test('the letter b searches 26 codes, downloads 17 and finds 9 missing, which is no failure', async (t) => {
    const { status, stdout } = await warmSluice(['flags', 'b', '--base-url', base], { cwd: scratch(t) });
    assert.equal(status, 0);
    assert.match(stdout, /^Searching for 26 flags: from BA to BZ$/m);
    assert.match(stdout, /^17 flags downloaded\.\n9 not found\.$/m);
  });

  test('ten codes or fewer are listed, and never more connections used than there are codes', async (t) => {
    const { stdout } = await warmSluice(['flags', 'br', 'CN', '-m', '10', '--base-url', base], { cwd: scratch(t) });
    assert.match(stdout, /^Searching for 2 flags: BR, CN\n2 concurrent connections will be used\.$/m);
  });

  test('one flag and one connection are told in the singular', async (t) => {
    const { stdout } = await warmSluice(['flags', 'br', '--base-url', base], { cwd: scratch(t) });
    assert.match(stdout, /^Searching for 1 flag: BR\n1 connection will be used\.$/m);
    assert.match(stdout, /^1 flag downloaded\.$/m);
  });

  test('--verbose prints a line for each code', async (t) => {
    const { stdout } = await warmSluice(['flags', 'br', 'bx', '-v', '--base-url', base], { cwd: scratch(t) });
    assert.match(stdout, /^BR OK$/m);
    assert.match(stdout, /^BX not found$/m);
  });

  test('what is there is replaced, as the scripts do', async (t) => {
    const cwd = scratch(t);
    for (const _ of [1, 2]) {
      const { status, stdout } = await warmSluice(['flags', 'br', '--base-url', base], { cwd });
      assert.equal(status, 0);
      assert.match(stdout, /^1 flag downloaded\.$/m);
    }
  });

  for (const label of ['REMOTE', 'LOCAL', 'DELAY', 'ERROR']) {
    test(`the numbers of the report add up for ${label}, in any case`, async (t) => {
      const failing = label === 'ERROR' ? await serveInThread({ errorRate: 0.25, seed: 1 }) : undefined;
      t.after(() => failing?.close());
      const at = failing === undefined ? base : `http://localhost:${failing.port}/flags`;
      // As many as it takes for some to fail for good.
      const count = label === 'ERROR' ? 100 : 30;
      const args = ['flags', '-al', `${count}`, '-m', `${count}`, '-s', label.toLowerCase(), '--base-url', at];
      const { status, stdout } = await warmSluice(args, { cwd: scratch(t) });
      const ok = Number(/^(\d+) flags downloaded\.$/m.exec(stdout)?.[1]);
      const errors = Number(/^(\d+) errors\.$/m.exec(stdout)?.[1] ?? 0);
      assert.equal(ok + errors, count);
      assert.equal(errors > 0, label === 'ERROR');
      assert.equal(status, label === 'ERROR' ? 1 : 0);
      assert.ok(stdout.startsWith(`${label} site: ${at}\n`));
    });
  }

  test('the errors are told with their reasons', async (t) => {
    const failing = await serveInThread({ errorRate: 1, seed: 2 });
    t.after(() => failing.close());
    const args = ['flags', 'a', '-v', '--base-url', `http://localhost:${failing.port}/flags`];
    const { stdout } = await warmSluice(args, { cwd: scratch(t) });
    assert.equal(stdout.match(/^\*\*\* Error for A[A-Z]: .+$/gm)?.length, 26);
    assert.match(stdout, /: the server answered 503$/m);
    assert.match(stdout, /: the connection was closed before the answer was whole$/m);
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown server', ['-s', 'MARS'], /MARS/],
    ['a limit of 0', ['-l', '0'], /--limit 0/],
    ['0 requests', ['-m', '0'], /--max_req 0/],
    ['a malformed code', ['B1'], /"B1": each CC argument must be A to Z or AA to ZZ/],
    ['a limit that is no number', ['-l', 'many'], /'-l, --limit <N>' argument 'many'/],
    ['a base that is no URL', ['--base-url', 'there'], /--base-url there/],
  ];
  for (const [what, args, expected] of wrong) {
    test(`${what} is a usage error: status 2, the value, the usage, and nothing done`, async (t) => {
      const cwd = scratch(t);
      const { status, stdout, stderr } = await warmSluice(['flags', ...args], { cwd });
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^\*\*\* Usage error: /);
      assert.match(stderr, expected);
      assert.match(stderr, /^Usage: sluice flags /m);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.deepEqual(readdirSync(cwd), []);
    });
  }
});
