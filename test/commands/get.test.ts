import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Verdict } from '../../src/index.js';
import { loadFlags } from '../../src/server/files.js';
import { type RunningServer } from '../../src/server/server.js';
import { serveInThread } from '../../src/server/thread.js';
import { sluice, warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';
import { filesBelow } from '../helpers/folders.js';

interface Report {
  readonly ok: number;
  readonly notFound: number;
  readonly errors: number;
  readonly duplicates: number;
  readonly bytes: number;
  readonly causes: Readonly<Record<string, number>>;
  readonly verdict?: Verdict;
  readonly failures: readonly { readonly url: string; readonly code: string; readonly hint: string }[];
}

describe('sluice get', () => {
  let server: RunningServer;
  let base: string;
  let flags: Map<string, Buffer>;
  before(async () => {
    server = await serveInThread();
    base = `http://localhost:${server.port}`;
    flags = new Map([...(await loadFlags())].map(([path, { body }]) => [path, body]));
  });
  after(() => server.close());

  test('downloads arguments, lists and standard input into one folder, each body identical to its source', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), `# flags\n${base}/flags/br/br.gif\n\n${base}/flags/de/de.gif\tgermany.gif\n`);
    const args = ['get', `${base}/flags/fr/fr.gif`, '-i', 'list', '-i', '-', '-d', 'out', '--report', 'report.json'];
    const { status, stderr } = await sluice(args, { cwd, input: `${base}/flags/it/it.gif\r\n` });
    assert.equal(status, 0, stderr);
    const expected = { 'br.gif': 'br', 'fr.gif': 'fr', 'germany.gif': 'de', 'it.gif': 'it' };
    assert.deepEqual(filesBelow(join(cwd, 'out')).sort(), Object.keys(expected));
    for (const [name, cc] of Object.entries(expected)) {
      assert.deepEqual(readFileSync(join(cwd, 'out', name)), flags.get(`/flags/${cc}/${cc}.gif`));
    }
    const report = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as Report;
    assert.deepEqual(
      { ok: report.ok, errors: report.errors, bytes: report.bytes, failures: report.failures },
      { ok: 4, errors: 0, bytes: sizeOf(Object.values(expected)), failures: [] },
    );
  });

  function sizeOf(codes: readonly string[]): number {
    return codes.reduce((sum, cc) => sum + (flags.get(`/flags/${cc}/${cc}.gif`)?.length ?? NaN), 0);
  }

  for (const executor of ['pool', 'inline', 'libuv', 'threads']) {
    test(`stores 388 files whole with --executor ${executor}`, async (t) => {
      const cwd = scratch(t);
      const list = [...flags.keys()].map((path) => `${base}${path}\t${path.slice(7).replace('/', '-')}\n`).join('');
      writeFileSync(join(cwd, 'list'), list);
      const args = ['get', '-i', 'list', '-d', 'out', '-m', '8', '-q', '--executor', executor];
      assert.deepEqual(await warmSluice(args, { cwd }), { status: 0, stdout: '', stderr: '' });
      assert.equal(filesBelow(join(cwd, 'out')).length, flags.size);
      for (const [path, body] of flags) {
        assert.deepEqual(readFileSync(join(cwd, 'out', path.slice(7).replace('/', '-'))), body);
      }
    });
  }

  test('two URLs with one name are both stored, and a URL given three times is downloaded once', async (t) => {
    const cwd = scratch(t);
    const urls = [`${base}/flags/br/metadata.json`, `${base}/flags/de/metadata.json`];
    const args = ['get', ...urls, urls[0] as string, urls[0] as string, '-d', 'out', '--report', 'report.json'];
    assert.equal((await warmSluice(args, { cwd })).status, 0);
    const report = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as Report;
    assert.deepEqual({ ok: report.ok, duplicates: report.duplicates }, { ok: 2, duplicates: 2 });
    assert.equal(filesBelow(join(cwd, 'out')).length, 2);
  });

  test('a 404 and a refused line fail with status 1, are told with their numbers, and the run goes on', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), `${base}/nothing\nftp://example.com/x\n${base}/flags/br/br.gif\n`);
    const { status, stderr } = await warmSluice(['get', '-i', 'list', '-d', 'out', '--report', 'r.json'], { cwd });
    assert.equal(status, 1);
    assert.match(stderr, /list:2: /);
    assert.match(stderr, /the server answered 404/);
    assert.deepEqual(filesBelow(join(cwd, 'out')), ['br.gif']);
    const { ok, notFound, errors, failures } = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as Report;
    assert.deepEqual({ ok, notFound, errors }, { ok: 1, notFound: 1, errors: 1 });
    assert.deepEqual(failures.map(({ code }) => code).sort(), ['HTTP_STATUS', 'LIST_LINE']);
    assert.ok(failures.every(({ hint }) => hint.length > 0));
  });

  test('503 and resets are tried again until they succeed', async (t) => {
    const cwd = scratch(t);
    const failing = await serveInThread({ errorRate: 0.25, seed: 3 });
    t.after(() => failing.close());
    const urls = ['br', 'de', 'fr', 'it', 'jp', 'in'].map(
      (cc) => `http://localhost:${failing.port}/flags/${cc}/${cc}.gif`,
    );
    const { status } = await warmSluice(['get', ...urls, '-d', 'out', '--tries', '20', '-q'], { cwd });
    assert.equal(status, 0);
    assert.equal(filesBelow(join(cwd, 'out')).length, urls.length);
  });

  test('what held up the run is in the summary and in the report, and --quiet prints nothing', async (t) => {
    const cwd = scratch(t);
    const told =
      /^Held up by server (\d+)% \(1 request waiting for an answer\); more requests at once: raise --max-requests\.$/m;
    let [args, stderr]: [string[], string] = [[], ''];
    // Slower, where the machine is so busy that a run waits longer for a processor than for that.
    for (let delayMs = 200; delayMs < 5_000 && !told.test(stderr); delayMs *= 4) {
      const slow = await serveInThread({ delayMs });
      t.after(() => slow.close());
      const urls = Array.from({ length: 6 }, (_, n) => `http://localhost:${slow.port}/flags/br/br.gif?${n}`);
      args = ['get', ...urls, '-d', 'out', '-m', '1', '--overwrite', '--report', 'r.json'];
      ({ stderr } = await warmSluice(args, { cwd }));
    }
    assert.match(stderr, told);
    const { verdict } = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as Report;
    assert.equal(verdict?.bound, 'server');
    assert.equal(Math.round(100 * verdict.share), Number(told.exec(stderr)?.[1]));
    assert.equal((await warmSluice([...args, '--quiet'], { cwd })).stderr, '');
  });

  test('a file that is there is left as it is unless --overwrite says otherwise', async (t) => {
    const cwd = scratch(t);
    mkdirSync(join(cwd, 'out'));
    writeFileSync(join(cwd, 'out', 'br.gif'), 'mine');
    const args = ['get', `${base}/flags/br/br.gif`, '-d', 'out'];
    const refused = await warmSluice(args, { cwd });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /--overwrite|already/);
    assert.equal(readFileSync(join(cwd, 'out', 'br.gif'), 'utf8'), 'mine');
    assert.equal((await warmSluice([...args, '--overwrite'], { cwd })).status, 0);
    assert.deepEqual(readFileSync(join(cwd, 'out', 'br.gif')), flags.get('/flags/br/br.gif'));
  });

  test('an image check stores images and refuses what is none', async (t) => {
    const cwd = scratch(t);
    const urls = [`${base}/flags/br/br.gif`, `${base}/flags/br/metadata.json`];
    for (const check of ['structure', 'pixels']) {
      const args = ['get', ...urls, '-d', check, '--image-check', check, '--report', 'r.json'];
      assert.equal((await warmSluice(args, { cwd })).status, 1);
      assert.deepEqual(filesBelow(join(cwd, check)), ['br.gif']);
      const { causes } = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as Report;
      assert.deepEqual(causes, { BODY_IMAGE: 1 });
    }
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['nothing to download', [], /nothing to download/],
    ['no requests', ['http://h/', '-m', '0'], /--max-requests 0/],
    ['a number that is none', ['http://h/', '-m', 'all'], /Give a whole number, or auto\./],
    ['a rate of nothing', ['http://h/', '--rate', '0'], /--rate 0 would request nothing: .*leave it out for no limit/s],
    ['no workers', ['http://h/', '--workers', '0'], /--workers 0/],
    ['too little memory', ['http://h/', '--memory', '1KB'], /--memory 1KB/],
    ['an unknown executor', ['http://h/', '--executor', 'magic'], /'--executor <name>' argument 'magic'/],
    ['an unreadable list', ['-i', 'nowhere'], /--input-file nowhere/],
    ['a list that is a folder', ['-i', '.'], /--input-file \./],
    ['a destination that is a file', ['http://h/', '-d', 'file'], /--directory \S+file is a file/],
    ['a report that cannot be written', ['http://h/', '--report', 'no/where'], /--report no\/where/],
    ['a header that is none', ['http://h/', '--header', 'x'], /--header "x"/],
    ['an unknown option', ['http://h/', '--frobnicate'], /--frobnicate/],
  ];
  for (const [what, args, expected] of wrong) {
    test(`${what}: status 2, a message that names it, and nothing done`, async (t) => {
      const cwd = scratch(t);
      writeFileSync(join(cwd, 'file'), '');
      const { status, stdout, stderr } = await warmSluice(['get', ...args], { cwd });
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^\*\*\* (?:Usage )?[eE]rror: /);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.deepEqual(readdirSync(cwd), ['file']);
    });
  }

  test('a destination that cannot be written to stops the run with status 3', async (t) => {
    const cwd = scratch(t);
    mkdirSync(join(cwd, 'out'));
    chmodSync(join(cwd, 'out'), 0o555);
    if (process.getuid?.() === 0) {
      t.skip('root may write everywhere');
      return;
    }
    const { status, stderr } = await warmSluice(['get', `${base}/flags/br/br.gif`, '-d', 'out'], { cwd });
    assert.equal(status, 3);
    assert.match(stderr, /cannot write to --directory/);
    assert.ok(!existsSync(join(cwd, 'out', 'br.gif')));
  });

  const FULL = '/dev/full';
  test(
    'a report that cannot be written is told of, and is status 1; all is stored',
    { skip: !existsSync(FULL) },
    async (t) => {
      const cwd = scratch(t);
      const { status, stderr } = await warmSluice(['get', `${base}/flags/br/br.gif`, '-d', 'out', '--report', FULL], {
        cwd,
      });
      assert.equal(status, 1);
      assert.match(stderr, /^1 file downloaded/m);
      assert.match(stderr, /^\*\*\* Error: --report \/dev\/full is not whole: ENOSPC.*: choose another place$/m);
      assert.doesNotMatch(stderr, /fault of sluice/);
      assert.deepEqual(filesBelow(join(cwd, 'out')), ['br.gif']);
    },
  );

  for (const file of ['-', '/dev/stdout']) {
    test(`--report ${file} is standard output`, { skip: process.platform === 'win32' }, async (t) => {
      const cwd = scratch(t);
      const within = ['sh', '-c', '{ "$0" "$@"; echo $? >status; } | cat'];
      const { stdout } = await sluice(['get', `${base}/flags/br/br.gif`, '--report', file], { cwd, within });
      assert.equal(readFileSync(join(cwd, 'status'), 'utf8'), '0\n');
      assert.equal((JSON.parse(stdout) as Report).ok, 1);
      assert.deepEqual(readdirSync(cwd), ['downloads', 'status']);
    });
  }

  test('what is no URL is a failure among URLs, and usage where nothing else was given', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'wrong'), 'foo\nbar\n');
    const statusOf = async (...args: string[]): Promise<number | null> =>
      (await warmSluice(['get', ...args, '-d', 'out'], { cwd })).status;
    assert.equal(await statusOf('foo'), 2);
    assert.equal(await statusOf('-i', 'wrong'), 2);
    const url = `${base}/flags/br/br.gif`;
    assert.equal(await statusOf('-i', 'wrong', url), 1);
    // The one that is a URL is there already.
    assert.equal(await statusOf('-i', 'wrong', url), 1);
    assert.equal(await statusOf('-i', 'wrong', `${base}/flags/not/there.gif`), 1);
  });
});
