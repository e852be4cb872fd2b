/** `--dedupe` where the storage makes no links, or makes no more of them: the files are there, and what they are is told. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sluice } from '../../helpers/cli.js';
import { serveEditions } from '../../helpers/editions-server.js';
import { noInjection } from '../../helpers/faults.js';
import { filesBelow } from '../../helpers/folders.js';
import { scratch } from '../../helpers/scratch.js';

const NAMES = Array.from({ length: 10 }, (_, at) => `f${at}`);
const BODY = 'the same';

interface Reported {
  readonly ok: number;
  readonly errors: number;
  readonly linked: number;
  readonly copies: number;
  readonly causes: Readonly<Record<string, number>>;
}

describe('--dedupe', { skip: noInjection }, () => {
  const server = serveEditions();
  /** With calls that fail. */
  async function run(cwd: string, calls: string, how: string, ...args: readonly string[]) {
    server.body = () => BODY;
    const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:${how}`];
    // Calls are counted by thread: all of these are to be made by one. The first link is that of the lock.
    const env = { UV_THREADPOOL_SIZE: '1' };
    const within = ['strace', '-f', '-qq', '-o', '/dev/null', ...inject];
    const urls = NAMES.map((name) => `${server.origin}/${name}`);
    const ran = await sluice(['get', ...urls, '-d', 'd', '--report', 'r', '--dedupe', ...args], { cwd, within, env });
    const report = JSON.parse(readFileSync(join(cwd, 'r'), 'utf8')) as Reported;
    const files = filesBelow(join(cwd, 'd'));
    const inodes = new Set(files.map((name) => statSync(join(cwd, 'd', name)).ino)).size;
    for (const name of files) assert.equal(readFileSync(join(cwd, 'd', name), 'utf8'), BODY, name);
    return { ...ran, report, files, inodes };
  }

  for (const error of ['EPERM', 'EOPNOTSUPP', 'EXDEV', 'ENOSPC', 'EIO']) {
    test(`where a link fails with ${error}, the files are copies, and results tell of which`, async (t) => {
      const cwd = scratch(t);
      const { status, stderr, report, files, inodes } = await run(
        cwd,
        'link,linkat',
        `error=${error}:when=2+`,
        '--verbose',
      );
      assert.equal(status, 0, stderr);
      assert.deepEqual([report.ok, report.linked, report.copies, inodes], [10, 0, 9, 10]);
      assert.deepEqual(files, NAMES);
      assert.match(stderr, /^9 of them have the same bytes as others, and are no links: the storage made none\.$/m);
      const table = await sluice(['export', 'd', '--format', 'csv', '--fields', 'name,same_as'], { cwd });
      assert.equal(table.stdout.match(/^f\d,f\d$/gm)?.length, 9, table.stdout);
      const { stdout } = await sluice(['status', 'd', '--json'], { cwd });
      const { linked, copies } = JSON.parse(stdout) as Reported;
      assert.deepEqual([linked, copies], [0, 9]);
    });
  }

  test('a file that has as many links as it can have is followed by another one', async (t) => {
    const cwd = scratch(t);
    const { status, stderr, report, inodes } = await run(cwd, 'link,linkat', 'error=EMLINK:when=3+3');
    assert.equal(status, 0, stderr);
    const { ok, linked, copies } = report;
    assert.deepEqual([ok, linked + copies, copies + 1], [10, 9, inodes]);
    assert.ok(linked > 0 && copies > 0, JSON.stringify(report));
  });

  test('a sync of the folder that fails after it ends the run, as any does', async (t) => {
    const cwd = scratch(t);
    const { status, stderr, report } = await run(cwd, 'fsync', 'error=EIO:when=4+', '--durable', '--workers', '1');
    assert.equal(status, 3, stderr);
    assert.ok(report.ok < 10);
  });
});
