/** The same command again. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { afterEach, after, before, describe, test } from 'node:test';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { asAfterKill } from '../helpers/journals.js';
import { scratch } from '../helpers/scratch.js';

describe('sluice get, the same again', () => {
  let server: Server;
  let origin: string;
  /** Paths, as they were requested. */
  let requested: string[] = [];
  /** Paths that are not there. */
  const missing = new Set<string>();
  /** What bodies begin with. */
  let edition = 'first';
  before(async () => {
    server = createServer((request, response) => {
      const path = request.url as string;
      requested.push(path);
      if (missing.has(path)) response.writeHead(404).end();
      else response.end(`${edition} ${path}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    requested = [];
    missing.clear();
    edition = 'first';
  });
  after(() => server.close());

  const get = async (cwd: string, names: readonly string[], ...args: readonly string[]): Promise<Ran> => {
    requested = [];
    return warmSluice(['get', ...names.map((name) => `${origin}/${name}`), '-d', 'd', ...args], { cwd });
  };

  for (const layout of ['flat', 'hashed', 'tar']) {
    test(`${layout}: requests what is new and what failed, and nothing that is there`, async (t) => {
      const cwd = scratch(t);
      missing.add('/b');
      const first = await get(cwd, ['a', 'b', 'c'], '--layout', layout);
      assert.equal(first.status, 1, first.stderr);
      assert.deepEqual(requested.toSorted(), ['/a', '/b', '/c']);
      missing.clear();
      const second = await get(cwd, ['a', 'b', 'c', 'd'], '--layout', layout);
      assert.equal(second.status, 0, second.stderr);
      assert.deepEqual(requested.toSorted(), ['/b', '/d']);
      assert.match(second.stderr, /^2 files downloaded.*\n2 files of an earlier run are there\.$/m);
      const files = filesBelow(join(cwd, 'd'));
      const third = await get(cwd, ['a', 'b', 'c', 'd'], '--layout', layout);
      assert.equal(third.status, 0, third.stderr);
      assert.deepEqual(requested, []);
      assert.deepEqual(filesBelow(join(cwd, 'd')), files);
    });
  }

  test('what somebody removed is downloaded again, a shard with all that is in it', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['a', 'b', 'c']);
    rmSync(join(cwd, 'd/b'));
    assert.equal((await get(cwd, ['a', 'b', 'c'])).status, 0);
    assert.deepEqual(requested, ['/b']);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['a', 'b', 'c']);
    await get(cwd, ['x', 'y'], '--layout', 'tar');
    rmSync(join(cwd, 'd/00000.tar'));
    assert.equal((await get(cwd, ['x', 'y'], '--layout', 'tar')).status, 0);
    assert.deepEqual(requested.toSorted(), ['/x', '/y']);
  });

  for (const layout of ['flat', 'hashed']) {
    test(`${layout}: what somebody has changed, cut or replaced by a link is downloaded again`, async (t) => {
      const cwd = scratch(t);
      const names = ['grown', 'cut', 'linked', 'same'];
      await get(cwd, names, '--layout', layout);
      const [cut, grown, linked] = filesBelow(join(cwd, 'd')).toSorted((a, b) => (basename(a) < basename(b) ? -1 : 1)) as [string, string, string]; // prettier-ignore
      writeFileSync(join(cwd, 'd', cut), '');
      appendFileSync(join(cwd, 'd', grown), 'more');
      rmSync(join(cwd, 'd', linked));
      writeFileSync(join(cwd, 'elsewhere'), 'first /linked');
      symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'd', linked));
      const again = await get(cwd, names, '--layout', layout);
      assert.equal(again.status, 0, again.stderr);
      assert.deepEqual(requested.toSorted(), ['/cut', '/grown', '/linked']);
      assert.match(again.stderr, /^3 files downloaded.*\n1 file of an earlier run is there\.$/m);
      for (const path of [cut, grown, linked]) {
        assert.ok(lstatSync(join(cwd, 'd', path)).isFile());
        assert.equal(readFileSync(join(cwd, 'd', path), 'utf8'), `first /${basename(path)}`);
      }
      assert.equal(readFileSync(join(cwd, 'elsewhere'), 'utf8'), 'first /linked');
      await get(cwd, names, '--layout', layout);
      assert.deepEqual(requested, []);
    });
  }

  test('a list that grew or lost lines in the middle is gone on with', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['a', 'b', 'c']);
    assert.equal((await get(cwd, ['new', 'c', 'a'])).status, 0);
    assert.deepEqual(requested, ['/new']);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['a', 'b', 'c', 'new']);
  });

  for (const layout of ['flat', 'hashed']) {
    test(`${layout}: a file that nobody knows is left alone, unless it may be replaced`, async (t) => {
      const cwd = scratch(t);
      await get(cwd, ['a'], '--layout', layout);
      const [path] = filesBelow(join(cwd, 'd')) as [string];
      rmSync(join(cwd, 'd/.sluice'), { recursive: true });
      writeFileSync(join(cwd, 'd', path), 'mine');
      const refused = await get(cwd, ['a'], '--layout', layout);
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /a is in .*d already/);
      assert.equal(readFileSync(join(cwd, 'd', path), 'utf8'), 'mine');
      assert.deepEqual(requested, []);
      assert.equal((await get(cwd, ['a'], '--layout', layout, '--overwrite')).status, 0);
      assert.equal(readFileSync(join(cwd, 'd', path), 'utf8'), 'first /a');
    });
  }

  test('with --overwrite a run that was done is done anew, and one that was stopped is gone on with', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['a', 'b']);
    edition = 'second';
    assert.equal((await get(cwd, ['a', 'b'], '--overwrite')).status, 0);
    assert.deepEqual(requested.toSorted(), ['/a', '/b']);
    assert.equal(readFileSync(join(cwd, 'd/a'), 'utf8'), 'second /a');
    edition = 'third';
    const journal = join(cwd, 'd/.sluice/journal');
    assert.equal((await get(cwd, ['a'], '--overwrite')).status, 0);
    asAfterKill(journal);
    edition = 'fourth';
    assert.equal((await get(cwd, ['a', 'b'], '--overwrite')).status, 0);
    assert.deepEqual(requested, ['/b']);
    assert.equal(readFileSync(join(cwd, 'd/a'), 'utf8'), 'third /a');
    assert.equal(readFileSync(join(cwd, 'd/b'), 'utf8'), 'fourth /b');
  });

  test('a killed run’s file that was not written down is taken as it is, not downloaded again', async (t) => {
    const cwd = scratch(t);
    assert.equal((await get(cwd, ['a'])).status, 0);
    const journal = join(cwd, 'd/.sluice/journal');
    const whole = readFileSync(journal);
    const frames = whole.toString('latin1').split('SLJ\u0001');
    // What was begun is written before anything is downloaded.
    writeFileSync(journal, whole.subarray(0, Buffer.byteLength(frames.slice(0, 2).join('SLJ\u0001'), 'latin1')));
    const second = await get(cwd, ['a']);
    assert.equal(second.status, 0, second.stderr);
    assert.deepEqual(requested, []);
    const third = await get(cwd, ['a']);
    assert.equal(third.status, 0, third.stderr);
    assert.deepEqual(requested, []);
  });

  test('a journal that is damaged ends the run with status 3 and a way on, and nothing is touched', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['a', 'b']);
    const journal = join(cwd, 'd/.sluice/journal');
    const damaged = readFileSync(journal);
    damaged[40]! ^= 1;
    writeFileSync(journal, damaged);
    const { status, stderr } = await get(cwd, ['a', 'b', 'c']);
    assert.equal(status, 3);
    assert.match(stderr, /the journal .*\.sluice\/journal is damaged at byte 17: sluice verify --repair/);
    assert.deepEqual(requested, []);
    assert.deepEqual(readFileSync(journal), damaged);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['a', 'b']);
  });

  test('the journal may be elsewhere, but belongs to one destination', async (t) => {
    const cwd = scratch(t);
    mkdirSync(join(cwd, 'state'));
    assert.equal((await get(cwd, ['a'], '--state', 'state')).status, 0);
    assert.deepEqual(filesBelow(cwd), ['d/a', 'state/journal']);
    assert.equal((await get(cwd, ['a', 'b'], '--state', 'state')).status, 0);
    assert.deepEqual(requested, ['/b']);
    const other = await warmSluice(['get', `${origin}/a`, '-d', 'other', '--state', 'state'], { cwd });
    assert.equal(other.status, 2);
    assert.match(other.stderr, /--state .*state belongs to .*d, not to .*other: name a folder for each destination/);
    assert.equal((await get(cwd, ['new'], '--state', 'nowhere')).status, 0);
    assert.ok(statSync(join(cwd, 'nowhere/journal')).isFile());
  });

  test('a destination may be moved with its journal', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['a']);
    renameSync(join(cwd, 'd'), join(cwd, 'moved'));
    const { status } = await warmSluice(['get', `${origin}/a`, `${origin}/b`, '-d', 'moved'], { cwd });
    assert.equal(status, 0);
    assert.deepEqual(requested, ['/a', '/b']);
  });

  test('without a journal nothing is written down', async (t) => {
    const cwd = scratch(t);
    assert.equal((await get(cwd, ['a'], '--no-journal')).status, 0);
    assert.deepEqual(filesBelow(cwd), ['d/a']);
    const again = await get(cwd, ['a'], '--no-journal');
    assert.equal(again.status, 1);
    assert.match(again.stderr, /a is in .*d already/);
  });
});
