/** Where files go: `--name`, `-x`, and folders in the names of lists. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ran, signalTo, sluice, warmSluice } from '../../helpers/cli.js';
import { entriesBelow, filesBelow } from '../../helpers/folders.js';
import { asAfterKill } from '../../helpers/journals.js';
import { bodyAt, servePaths } from '../../helpers/paths-server.js';
import { scratch } from '../../helpers/scratch.js';
import { thorough } from '../../helpers/thorough.js';
import { membersOf } from '../../helpers/tars.js';

const FIXTURES = fileURLToPath(new URL('../../../../test/fixtures/destinations', import.meta.url));
const WGET = { program: 'wget' };
const noWget = spawnSync(WGET.program, ['--version']).status !== 0 && 'needs wget';

describe('names of files', () => {
  const server = servePaths();

  const get = async (cwd: string, list: readonly string[], ...args: readonly string[]): Promise<Ran> => {
    server.requested = [];
    const lines = list.map((line) => (line.startsWith('/') ? server.origin + line : line));
    writeFileSync(join(cwd, 'list'), lines.join('\n'));
    return warmSluice(['get', '-i', 'list', '-d', 'd', ...args], { cwd });
  };

  const treeOf = (cwd: string, folder = 'd'): Record<string, string> =>
    Object.fromEntries(
      filesBelow(join(cwd, folder)).map((path) => [path, readFileSync(join(cwd, folder, path), 'utf8')]),
    );

  test('with -x are those that wget -x gives on Windows, for two servers', { skip: noWget }, async (t) => {
    const cwd = scratch(t);
    const paths = ['/a/b/c.jpg', '/a/b/', '/', '/list?page=1', '/list?page=2', '/caf%C3%A9/x%20y.txt', '/a/q?x=1&y=2'];
    const urls = ['127.0.0.1', 'localhost'].flatMap((host) =>
      paths.map((path) => `http://${host}:${server.port}${path}`),
    );
    assert.equal((await get(cwd, urls, '-x')).status, 0);
    assert.equal(server.requested.length, urls.length);
    const args = ['-x', '--restrict-file-names=windows', '-q', '--no-proxy', '-P', 'w', '-i', 'list'];
    const status = await new Promise((resolve) => {
      spawn(WGET.program, args, { cwd, env: { ...process.env, LC_ALL: 'C.UTF-8' } }).on('close', resolve);
    });
    assert.equal(status, 0);
    assert.deepEqual(treeOf(cwd), treeOf(cwd, 'w'));
  });

  test('with -x have folders of their servers, ports and paths', async (t) => {
    const cwd = scratch(t);
    const urls = ['/a/b.jpg', `http://localhost:${server.port}/a/b.jpg`, '/a/', '/a/b.jpg?w=1'];
    assert.equal((await get(cwd, urls, '--force-directories')).status, 0);
    assert.deepEqual(treeOf(cwd), {
      [`127.0.0.1+${server.port}/a/b.jpg`]: bodyAt('/a/b.jpg'),
      [`127.0.0.1+${server.port}/a/b.jpg@w=1`]: bodyAt('/a/b.jpg?w=1'),
      [`127.0.0.1+${server.port}/a/index.html`]: bodyAt('/a/'),
      [`localhost+${server.port}/a/b.jpg`]: bodyAt('/a/b.jpg'),
    });
  });

  for (const layout of ['flat', 'hashed', 'tar']) {
    test(`${layout}: made by a template, are known again, checked and repaired`, async (t) => {
      const cwd = scratch(t);
      const list = ['/x/1/photo.jpg', '/x/2/photo.jpg', '/y/README'];
      const args = ['--layout', layout, '--name', '{index:03}/{stem}-{index}.{ext}'];
      assert.equal((await get(cwd, list, ...args)).status, 0);
      const files = filesBelow(join(cwd, 'd'));
      const wanted = ['000/photo-0.jpg', '001/photo-1.jpg', '002/README-2'];
      if (layout === 'tar') {
        const members = [...membersOf(readFileSync(join(cwd, 'd/00000.tar')))];
        const described = members.filter(([name]) => name.endsWith('.json'));
        const names = described.map(([, bytes]) => (JSON.parse(String(bytes)) as { name: string }).name);
        assert.deepEqual(names.toSorted(), wanted);
      } else {
        const own = files.map((name) => (layout === 'hashed' ? name.replace(/^[0-9a-f]\/[0-9a-f]\//, '') : name));
        assert.deepEqual(own.toSorted(), wanted);
      }
      const again = await get(cwd, list, ...args);
      assert.deepEqual([again.status, server.requested], [0, []], again.stderr);
      const status = await warmSluice(['status', 'd'], { cwd });
      assert.deepEqual([status.status, /3 files stored/.test(status.stdout)], [0, true], status.stdout);
      assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /^3 files right/);
      writeFileSync(join(cwd, 'd', files[0] as string), 'changed');
      assert.equal((await warmSluice(['verify', 'd'], { cwd })).status, 1);
      const repaired = await warmSluice(['verify', 'd', '--repair'], { cwd });
      assert.equal(repaired.status, 0, repaired.stdout + repaired.stderr);
      assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /^3 files right/);
      if (layout !== 'tar') assert.deepEqual(filesBelow(join(cwd, 'd')), files);
    });

    test(`${layout}: what failed is tried again under the name that it had`, async (t) => {
      const cwd = scratch(t);
      const list = ['/x/a', 'http://127.0.0.1:1/x/b'];
      const args = ['--layout', layout, '-x', '--tries', '1'];
      assert.equal((await get(cwd, list, ...args)).status, 1);
      const retry = await warmSluice(['retry', 'd', '--tries', '1'], { cwd });
      assert.equal(retry.status, 1);
      assert.match(retry.stderr, /1 error: 1 NET_REFUSED/);
      const { stdout } = await warmSluice(['status', 'd', '--json'], { cwd });
      const { stored, errors } = JSON.parse(stdout) as { stored: number; errors: number };
      assert.deepEqual([stored, errors], [1, 1]);
    });
  }

  for (const layout of ['flat', 'hashed']) {
    test(`${layout}: a run with a template that is killed is gone on with, and leaves nothing`, async (t) => {
      const cwd = scratch(t);
      const paths = Array.from({ length: 300 }, (_, at) => `/s${at % 7}/t${at % 3}/${at}.bin`);
      writeFileSync(join(cwd, 'list'), paths.map((path) => server.origin + path).join('\n'));
      const args = ['get', '-i', 'list', '-d', 'd', '--layout', layout, '--name', '{host}/{path}', '-m', '8'];
      for (const most of thorough ? [60, 120, 40] : [60]) {
        server.requested = [];
        server.delay = 3;
        const there = new Set(filesBelow(join(cwd)).filter((path) => path.endsWith('.bin')));
        let pid = 0;
        server.onRequest = () => {
          if (server.requested.length === most) signalTo(pid, 'SIGKILL');
        };
        const killed = await sluice(args, { cwd, onStart: (id) => (pid = id) });
        assert.equal(killed.status, null, killed.stderr);
        const twice = server.requested.filter((path) => [...there].some((file) => file.endsWith(path)));
        assert.deepEqual(twice, []);
      }
      const files = filesBelow(join(cwd, 'd')).filter((path) => path.endsWith('.bin'));
      assert.ok(files.length > 0);
      const [first] = files as [string];
      const left = join(cwd, 'd', first, '..', '.sluice-unfinished-1-ab-0-1');
      writeFileSync(left, 'left');
      server.forget();
      const last = await sluice(args, { cwd });
      assert.equal(last.status, 0, last.stderr);
      const stored = new Set(
        files.map(
          (file) =>
            `/${file
              .split('/')
              .slice(layout === 'hashed' ? 3 : 1)
              .join('/')}`,
        ),
      );
      assert.deepEqual(server.requested.toSorted(), paths.filter((path) => !stored.has(path)).toSorted());
      const found = entriesBelow(join(cwd, 'd')).filter((entry) => entry.isFile() && entry.name !== 'journal');
      assert.equal(found.length, paths.length);
      for (const path of paths) {
        const [file] = filesBelow(join(cwd, 'd')).filter((name) => name.endsWith(path)) as [string];
        assert.equal(readFileSync(join(cwd, 'd', file), 'utf8'), bodyAt(path));
      }
    });
  }

  test('of a list may have folders, and lead nowhere else', async (t) => {
    const cwd = scratch(t);
    const names = ['a/b.jpg', '/etc/x', '../../up', '.sluice/journal', 'a\\c', 'deep/./er//x'];
    const list = names.map((name, at) => `/${at}\t${name}`);
    assert.equal((await get(cwd, list)).status, 0);
    assert.deepEqual(
      filesBelow(cwd).filter((path) => path !== 'list' && !path.endsWith('.sluice/journal')),
      ['d/_.sluice/journal', 'd/a/b.jpg', 'd/a_c', 'd/deep/er/x', 'd/etc/x', 'd/up'].filter(
        (path) => !path.endsWith('.sluice/journal'),
      ),
    );
    assert.equal(readFileSync(join(cwd, 'd/_.sluice/journal'), 'utf8'), bodyAt('/3'));
    assert.deepEqual([(await get(cwd, list)).status, server.requested], [0, []]);
  });

  test('of a list are kept where an older build has made one name of them', async (t) => {
    const cwd = scratch(t);
    assert.equal((await get(cwd, ['/0\ta_b.jpg', '/1\tx'])).status, 0);
    assert.deepEqual([(await get(cwd, ['/0\ta/b.jpg', '/1\tx'])).status, server.requested], [0, []]);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['a_b.jpg', 'x']);
  });

  test('of an older build are known with new options beside them', async (t) => {
    const cwd = scratch(t);
    cpSync(FIXTURES, cwd, { recursive: true });
    const list = readFileSync(join(cwd, 'urls'), 'utf8');
    writeFileSync(join(cwd, 'urls'), `${list}${server.origin}/new\tfolder/new\n`);
    const args = ['get', '-i', 'urls', '-d', 'flat', '--tries', '1', '--on-exists', 'rename'];
    const { stderr } = await warmSluice(args, { cwd });
    assert.match(stderr, /^1 file downloaded.*\n4 files of an earlier run are there\.\n1 error: 1 NET_REFUSED\.$/m);
    assert.deepEqual(server.requested, ['/new']);
    assert.ok(filesBelow(join(cwd, 'flat')).includes('folder/new'));
  });

  describe('where one is a file and another has it as a folder', () => {
    const shapeOf = (cwd: string): string[] =>
      filesBelow(join(cwd, 'd')).map((path) => path.replace(/-[0-9a-f]{8}/, '-X'));

    for (const layout of ['flat', 'hashed']) {
      test(`${layout}: the later one gives way, in the same way in every run`, async (t) => {
        const cwd = scratch(t);
        const list = ['/docs\ta', '/docs/x\ta/x', '/docs/y\tA/y', '/other/z\tb/z', '/b\tB'];
        assert.equal((await get(cwd, list, '--layout', layout)).status, 0);
        const files = filesBelow(join(cwd, 'd'));
        if (layout === 'flat') assert.deepEqual(shapeOf(cwd), ['A-X/y', 'B-X', 'a', 'a-X/x', 'b/z']);
        assert.deepEqual([(await get(cwd, list, '--layout', layout)).status, server.requested], [0, []]);
        assert.deepEqual(filesBelow(join(cwd, 'd')), files);
      });
    }

    test('each keeps its name when the list is turned round, and what is new gives way to what is there', async (t) => {
      const cwd = scratch(t);
      assert.equal((await get(cwd, ['/docs', '/docs/x', '/docs/y'], '-x')).status, 0);
      const files = filesBelow(join(cwd, 'd'));
      const turned = await get(cwd, ['/docs/x', '/docs/y', '/docs'], '-x');
      assert.deepEqual([turned.status, server.requested], [0, []], turned.stderr);
      assert.deepEqual(filesBelow(join(cwd, 'd')), files);
      const more = await get(cwd, ['/docs/new', '/docs/x', '/docs'], '-x');
      assert.deepEqual([more.status, server.requested], [0, ['/docs/new']], more.stderr);
      assert.equal(filesBelow(join(cwd, 'd')).filter((path) => /docs-[0-9a-f]{8}\/(?:x|y|new)$/.test(path)).length, 3);
      assert.deepEqual([(await get(cwd, ['/docs/new', '/docs'], '-x')).status, server.requested], [0, []]);
    });

    test('a file gives way to a folder that an earlier run has made', async (t) => {
      const cwd = scratch(t);
      assert.equal((await get(cwd, ['/docs/x'], '-x')).status, 0);
      assert.equal((await get(cwd, ['/docs', '/docs/x'], '-x')).status, 0);
      assert.deepEqual(server.requested, ['/docs']);
      assert.deepEqual([(await get(cwd, ['/docs', '/docs/x'], '-x')).status, server.requested], [0, []]);
    });

    test('a file that nobody knows stays, and is told of', async (t) => {
      const cwd = scratch(t);
      mkdirSync(join(cwd, 'd'));
      writeFileSync(join(cwd, 'd/a'), 'mine');
      for (const what of ['error', 'skip', 'overwrite']) {
        const { status, stderr } = await get(cwd, ['/x\ta/b'], '--on-exists', what);
        assert.equal(status, 1);
        assert.match(stderr, /a\/b needs the folder a, which is no folder in .*d/);
      }
      assert.deepEqual([server.requested, readFileSync(join(cwd, 'd/a'), 'utf8')], [[], 'mine']);
      assert.equal((await get(cwd, ['/x\ta/b'], '--on-exists', 'rename')).status, 0);
      assert.deepEqual(shapeOf(cwd), ['a', 'a-X/b']);
      assert.deepEqual([(await get(cwd, ['/x\ta/b'])).status, server.requested], [0, []]);
    });
  });

  for (const layout of ['flat', 'hashed']) {
    test(`${layout}: a link in the place of a folder is not followed`, async (t) => {
      const cwd = scratch(t);
      mkdirSync(join(cwd, 'elsewhere'));
      const args = ['-x', '--layout', layout];
      assert.equal((await get(cwd, ['/a/x'], ...args)).status, 0);
      const [file] = filesBelow(join(cwd, 'd')) as [string];
      const folder = join(cwd, 'd', file, '..');
      rmSync(folder, { recursive: true });
      symlinkSync(join(cwd, 'elsewhere'), folder);
      for (const more of [[], ['--overwrite'], ['--no-journal']]) {
        const { status, stderr } = await get(cwd, ['/a/x'], ...args, ...more);
        assert.equal(status, 1);
        assert.match(stderr, /links are not followed|is no folder/);
      }
      assert.deepEqual(filesBelow(join(cwd, 'elsewhere')), []);
    });
  }

  test('that are in doubt after the machine went down are fetched again, in their folders', async (t) => {
    const cwd = scratch(t);
    assert.equal((await get(cwd, ['/a/x', '/a/y'], '-x')).status, 0);
    asAfterKill(join(cwd, 'd/.sluice/journal'), { stored: false, boot: 'another' });
    assert.equal((await get(cwd, ['/a/x', '/a/y'], '-x')).status, 0);
    assert.deepEqual(server.requested.toSorted(), ['/a/x', '/a/y']);
    asAfterKill(join(cwd, 'd/.sluice/journal'), { stored: false });
    assert.deepEqual([(await get(cwd, ['/a/x', '/a/y'], '-x')).status, server.requested], [0, []]);
  });

  const usage = async (t: TestContext, ...args: readonly string[]): Promise<string> => {
    const { status, stderr } = await get(scratch(t), ['/a'], ...args);
    assert.equal(status, 2, stderr);
    return stderr;
  };

  test('cannot be made of what is no field, and of two things at once', async (t) => {
    assert.match(
      await usage(t, '--name', '{nothing}'),
      /--name {nothing}: {nothing} is no field: the fields are {host}, /,
    );
    assert.match(await usage(t, '--name', '{host'), /a { without a } after it/);
    assert.match(await usage(t, '--name', '{host}', '-x'), /--name does not go with --force-directories/);
  });

  test('that a plain list cannot give are faults of its rows', async (t) => {
    const cwd = scratch(t);
    const { status, stderr } = await get(cwd, ['/a', '/b\tgiven'], '--name', '{column:id}');
    assert.equal(status, 1);
    assert.match(stderr, /list:1: nothing in the column "id", which --name asks for/);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['given']);
  });
});
