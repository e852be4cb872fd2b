/** Symbolic links that somebody planted in the destination: never followed, and what they lead to is untouched. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { noise } from '../../helpers/bodies.js';
import { filesBelow } from '../../helpers/folders.js';
import { answer, startRawServer } from '../../helpers/raw-server.js';
import { Place } from '../../helpers/soundness.js';
import { thorough } from '../../helpers/thorough.js';

const timeout = 600_000;
const body = noise(3_000, 1);
const notPosix = process.platform === 'win32' && 'links need rights on Windows';

describe('a symbolic link in the place of', { skip: notPosix, timeout }, () => {
  for (const executor of thorough ? ['pool', 'inline', 'libuv'] : ['pool']) {
    test(`a folder of the layout hashed, ${executor}: refused, and the others are stored`, async (t) => {
      await using server = await startRawServer({ onRequest: () => [answer(body)] });
      const place = new Place(t, true);
      mkdirSync(place.directory);
      // Half of the folders.
      for (const digit of '02468ace') symlinkSync(place.elsewhere, join(place.directory, digit));
      const urls = Array.from({ length: 64 }, (_, n) => `${server.origin}/f${n}`);
      const { status, stderr, report } = await place.get(
        ['-i', '-', '--layout', 'hashed', '--executor', executor, '--overwrite'],
        { input: urls.join('\n') },
      );
      assert.equal(status, 1, stderr);
      assert.match(stderr, /is no folder/);
      assert.deepEqual(Object.keys(report?.causes ?? {}), ['STORE_EXISTS']);
      assert.equal((report?.ok ?? 0) + (report?.errors ?? 0), 64);
      assert.ok((report?.ok ?? 0) > 0 && (report?.errors ?? 0) > 0, stderr);
      place.assertSurroundings();
    });
  }

  for (const [how, ...options] of [
    ['as it is', []],
    ['to be overwritten', ['--overwrite']],
  ] as const) {
    test(`a final name, ${how}: what it leads to is untouched`, async (t) => {
      await using server = await startRawServer({ onRequest: () => [answer(body)] });
      const place = new Place(t, true);
      mkdirSync(place.directory);
      const target = join(place.elsewhere, 'canary');
      for (const name of ['a', 'dangling']) {
        symlinkSync(name === 'a' ? target : join(place.elsewhere, 'none'), join(place.directory, name));
      }
      const { status, stderr, report } = await place.get([
        ...options.flat(),
        ...['a', 'dangling', 'b'].map((name) => `${server.origin}/${name}`),
      ]);
      if (how === 'as it is') {
        assert.deepEqual([status, report?.causes], [1, { STORE_EXISTS: 2 }], stderr);
        place.assertSound({ b: body }, { besides: { a: target, dangling: join(place.elsewhere, 'none') } });
      } else {
        assert.equal(status, 0, stderr);
        place.assertSound({ a: body, dangling: body, b: body });
      }
    });
  }

  test('the folder of unfinished files: refused at the start', async (t) => {
    await using server = await startRawServer({ onRequest: () => [answer(body)] });
    const place = new Place(t, true);
    mkdirSync(place.directory);
    symlinkSync(place.elsewhere, join(place.directory, '.sluice'));
    const { status, stderr } = await place.get([`${server.origin}/a`]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /\.sluice is no folder/);
    assert.equal(server.requests.length, 0);
    place.assertSound({}, { besides: { '.sluice': place.elsewhere } });
  });

  test('a file of the journal or the lock: refused or replaced, never written through', async (t) => {
    await using server = await startRawServer({ onRequest: () => [answer(body)] });
    const first = new Place(t, true);
    await first.get([`${server.origin}/a`]);
    const kept = filesBelow(join(first.directory, '.sluice'));
    for (const name of new Set([...kept, 'journal', 'lock'])) {
      const place = new Place(t, true);
      mkdirSync(join(place.directory, '.sluice'), { recursive: true });
      symlinkSync(join(place.elsewhere, 'canary'), join(place.directory, '.sluice', name));
      await place.get([`${server.origin}/a`]);
      place.assertSurroundings();
    }
  });

  test('a shard: it is not written through', async (t) => {
    await using server = await startRawServer({ onRequest: () => [answer(body)] });
    const place = new Place(t, true);
    mkdirSync(place.directory);
    const target = join(place.elsewhere, 'canary');
    symlinkSync(target, join(place.directory, '00000.tar'));
    for (const options of [[], ['--overwrite']]) {
      const { status, stderr } = await place.get(['--layout', 'tar', '--no-journal', ...options, `${server.origin}/a`]);
      assert.equal(status, 0, stderr);
      place.assertSurroundings();
    }
  });
});

test('files that are there are not replaced, in any layout, unless --overwrite says so', { timeout }, async (t) => {
  await using server = await startRawServer({ onRequest: () => [answer(body)] });
  const urls = Array.from({ length: 8 }, (_, n) => `${server.origin}/f${n}`);
  for (const layout of ['flat', 'hashed']) {
    const place = new Place(t, true);
    const args = ['--layout', layout, '--no-journal', ...urls];
    const first = await place.get(args);
    assert.equal(first.status, 0, first.stderr);
    const files = filesBelow(place.directory);
    for (const name of files) writeFileSync(join(place.directory, name), 'mine');
    const { status, stderr, report } = await place.get(args);
    assert.deepEqual([status, report?.causes], [1, { STORE_EXISTS: 8 }], stderr);
    place.assertSound(Object.fromEntries(files.map((name) => [name, Buffer.from('mine')])));
    const last = await place.get(['--overwrite', ...args]);
    assert.equal(last.status, 0, last.stderr);
    place.assertSound(Object.fromEntries(files.map((name) => [name, body])));
    assert.ok(readdirSync(place.directory).length > 0);
  }
});
