/** `sluice adopt`: files of other programs become known. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { serveEditions } from '../helpers/editions-server.js';
import { filesBelow } from '../helpers/folders.js';
import { missing } from '../helpers/programs.js';
import { scratch } from '../helpers/scratch.js';

const run = promisify(execFile);
const FIRST = new Date(Date.UTC(2020, 0, 1));

describe('sluice adopt', () => {
  const server = serveEditions();
  const list = (cwd: string, paths: readonly string[]): void =>
    writeFileSync(join(cwd, 'list'), paths.map((path) => `${server.origin}${path}\n`).join(''));
  const put = (cwd: string, name: string, content: string, time = FIRST): void => {
    mkdirSync(join(cwd, 'd', name, '..'), { recursive: true });
    writeFileSync(join(cwd, 'd', name), content);
    utimesSync(join(cwd, 'd', name), time, time);
  };
  const adopt = (cwd: string, ...args: readonly string[]): Promise<Ran> =>
    warmSluice(['adopt', 'd', '-i', 'list', ...args], { cwd });
  const get = (cwd: string, ...args: readonly string[]): Promise<Ran> => {
    server.requests = [];
    return warmSluice(['get', '-i', 'list', '-d', 'd', ...args], { cwd });
  };
  const stamps = (cwd: string): string[] =>
    filesBelow(join(cwd, 'd')).map((name) => {
      const { ino, mtimeMs, size } = lstatSync(join(cwd, 'd', name));
      return `${name} ${ino} ${mtimeMs} ${size}`;
    });

  test('knows files by size and time, without a request, and touches none; what is not there stays open', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a', '/b', '/c', '/a']);
    put(cwd, 'a', 'edition 1 of /a');
    put(cwd, 'b', 'edition 1 of /b');
    put(cwd, 'other', 'no line of the list');
    const before = stamps(cwd);
    const { status, stdout, stderr } = await adopt(cwd);
    assert.equal(status, 0, stderr);
    assert.equal(
      stdout,
      '2 files adopted, 30 B.\n1 is not there: sluice get with the same list fetches it.\n1 duplicate left out.\n',
    );
    assert.deepEqual([stamps(cwd), server.requests], [before, []]);
    const told = await warmSluice(['status', 'd'], { cwd });
    assert.equal(told.status, 1);
    assert.match(told.stdout, /^d: 2 files stored, 30 B\.\nThe list .* is the same since\.[^]*sluice get goes on/);
    assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /2 files right/);

    assert.equal((await get(cwd)).status, 0);
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      ['/c'],
    );
    assert.equal((await warmSluice(['status', 'd'], { cwd })).status, 0);
    assert.equal((await adopt(cwd)).stdout, '0 files adopted, 0 B.\n3 files known already.\n1 duplicate left out.\n');
  });

  test('asks in the next --update by the time of each file', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a', '/b', '/c']);
    put(cwd, 'a', 'edition 1 of /a');
    put(cwd, 'b', 'edition 1 of /b');
    // That of no server: it asks by nothing.
    put(cwd, 'c', 'edition 1 of /c', new Date(Date.now() + 86_400_000));
    await adopt(cwd);
    server.change('/b');
    const { status, stderr } = await get(cwd, '--update', '--mtime');
    assert.equal(status, 0, stderr);
    assert.deepEqual(server.statuses(), { 200: 2, 304: 1 });
    const asked = server.requests.filter(({ since }) => since !== undefined).map(({ path }) => path);
    assert.deepEqual(asked.toSorted(), ['/a', '/b']);
    assert.ok(server.requests.every(({ since }) => since === undefined || since === FIRST.toUTCString()));
    assert.deepEqual(readFileSync(join(cwd, 'd/b'), 'utf8'), 'edition 2 of /b');
    await get(cwd, '--update');
    assert.deepEqual(server.statuses(), { 304: 3 });
  });

  test('a failure of the next --update leaves what is known of the file', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a']);
    put(cwd, 'a', 'edition 1 of /a');
    await adopt(cwd);
    server.change('/a');
    server.instead = (_request, response) => {
      response.setHeader('content-encoding', 'gzip').end('no gzip');
      return true;
    };
    assert.equal((await get(cwd, '--update', '--tries', '1')).status, 1);
    assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /1 file right/);
    server.instead = undefined;
    await get(cwd, '--update');
    assert.deepEqual(
      server.requests.map(({ since }) => since),
      [FIRST.toUTCString()],
    );
  });

  test('verify tells a file that has another size since', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a']);
    put(cwd, 'a', 'edition 1 of /a');
    await adopt(cwd);
    put(cwd, 'a', 'more than there was of it');
    const { status, stdout } = await warmSluice(['verify', 'd'], { cwd });
    assert.equal(status, 1);
    assert.match(stdout, /a has 25 bytes, and was stored with 15/);
  });

  test('a table has no answer of what no run has asked for', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a']);
    put(cwd, 'a', 'edition 1 of /a');
    await adopt(cwd);
    const fields = 'name,status,http_status,final_url,size,last_modified,asked,tries';
    const { stdout } = await warmSluice(['export', 'd', '--format', 'csv', '--fields', fields], { cwd });
    assert.equal(stdout.split('\n')[1], 'a,ok,,,15,"Wed, 01 Jan 2020 00:00:00 GMT",,0');
  });

  test('links, folders and what aria2 is not done with are no files', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/link', '/folder', '/half', '/x/inside']);
    put(cwd, 'half', 'begun');
    writeFileSync(join(cwd, 'd/half.aria2'), '');
    mkdirSync(join(cwd, 'd/folder'));
    mkdirSync(join(cwd, 'elsewhere'));
    writeFileSync(join(cwd, 'elsewhere/inside'), 'x');
    symlinkSync(join(cwd, 'elsewhere/inside'), join(cwd, 'd/link'));
    symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'd/x'));
    const { status, stdout } = await adopt(cwd, '--name', '{path}');
    assert.deepEqual([status, stdout.split('\n')[0]], [0, '0 files adopted, 0 B.']);
  });

  test('--state and --quiet: the journal is elsewhere, and nothing is said', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a']);
    put(cwd, 'a', 'edition 1 of /a');
    const { status, stdout, stderr } = await adopt(cwd, '--state', 's', '--quiet');
    assert.deepEqual([status, stdout, stderr, existsSync(join(cwd, 'd/.sluice'))], [0, '', '', false]);
    await get(cwd, '--state', 's');
    assert.deepEqual(server.requests, []);
  });

  test('rows that are no URLs are told, and only they', async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a']);
    put(cwd, 'a', 'x');
    writeFileSync(join(cwd, 'list'), `${readFileSync(join(cwd, 'list'), 'utf8')}no URL\n`);
    const { status, stdout, stderr } = await adopt(cwd);
    assert.deepEqual([status, stdout], [1, '1 file adopted, 1 B.\n1 row refused.\n']);
    assert.match(stderr, /^\*\*\* Error for no URL: /);
    writeFileSync(join(cwd, 'list'), 'no URL\n');
    assert.equal((await adopt(cwd)).status, 2);
  });

  for (const [args, message] of [
    [['adopt', 'none', '-i', 'list'], /none is no folder: name the folder/],
    [['adopt', 'list', '-i', 'list'], /list is no folder/],
    [['adopt', 'd'], /nothing says what the files are: give the list/],
    [['adopt', 'd', '-i', 'nothing'], /nothing/],
    [['adopt', 'd', '-i', 'list', '--layout', 'tar'], /--layout tar does not go with adopt/],
    [['adopt', 'd', '-i', 'list', '--layout', 'heap'], /heap/],
    [['adopt'], /missing required argument/],
  ] as const) {
    test(`sluice ${args.join(' ')} is refused, and nothing is made`, async (t) => {
      const cwd = scratch(t);
      list(cwd, ['/a']);
      mkdirSync(join(cwd, 'd'));
      const { status, stderr } = await warmSluice(args, { cwd });
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
      assert.deepEqual([existsSync(join(cwd, 'd/.sluice')), existsSync(join(cwd, 'none'))], [false, false]);
    });
  }

  const lacksWget = missing('wget');
  const paths = ['/a.txt', '/dir/b.txt', '/dir/sub/', '/dir/c?x=1&y=2', '/dir/a.txt'];

  for (const [wget, args] of [
    [['-x', '--restrict-file-names=windows'], ['-x']],
    [
      ['-x', '-nH', '--restrict-file-names=windows'],
      ['--name', '{path}'],
    ],
    [
      ['-x', '--restrict-file-names=windows'],
      ['--name', '{host}/{path}'],
    ],
  ] as const) {
    test(`a tree of wget ${wget.join(' ')} is known with ${args.join(' ')}`, { skip: lacksWget }, async (t) => {
      const cwd = scratch(t);
      // Without -x the query is no part of the name.
      const some = args[0] === '-x' ? paths : paths.filter((path) => !path.includes('?'));
      list(cwd, some);
      await run('wget', ['-q', ...wget, '-P', 'd', '-i', 'list'], { cwd });
      const before = stamps(cwd);
      const { status, stdout, stderr } = await adopt(cwd, ...args);
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`^${some.length} files adopted, \\d+ B\\.\n$`), before.join('\n'));
      const updated = await get(cwd, '--update', ...args);
      assert.equal(updated.status, 0, updated.stderr);
      assert.deepEqual([server.statuses(), stamps(cwd)], [{ 304: some.length }, before]);
    });
  }

  test('so are files of aria2', { skip: missing('aria2c') }, async (t) => {
    const cwd = scratch(t);
    list(cwd, ['/a.txt', '/b.txt']);
    await run('aria2c', ['-q', '-R', '-d', 'd', '-i', 'list'], { cwd });
    assert.match((await adopt(cwd)).stdout, /^2 files adopted, 38 B\.\n$/);
    await get(cwd, '--update');
    assert.deepEqual(server.statuses(), { 304: 2 });
  });
});
