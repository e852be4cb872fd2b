/** `--keep-original`: of an image that is made anew, the one that came is there, too, whatever happens to the run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { noise } from '../helpers/bodies.js';
import type { ImageFacts } from '../../src/item.js';
import { eventLines } from '../helpers/event-lines.js';
import { filesBelow } from '../helpers/folders.js';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';
import { listedByPython, membersOf, noPython } from '../helpers/tars.js';

/** Noise, so that no encoder can leave much out. */
function picture(width: number, height: number): ReturnType<typeof sharp> {
  return sharp(noise(width * height * 3, width), { raw: { width, height, channels: 3 } });
}

describe('sluice get --keep-original', () => {
  let server: Server;
  let origin = '';
  const bodies = new Map<string, Buffer>();
  before(async () => {
    bodies.set('wide.png', await picture(500, 400).png().toBuffer());
    bodies.set('right.jpg', await picture(64, 64).jpeg().toBuffer());
    // More than is held whole.
    bodies.set('large.png', await picture(1500, 1000).png().toBuffer());
    bodies.set('sub/wide.gif', await picture(90, 70).gif().toBuffer());
    server = createServer((request, response) => {
      response.setHeader('last-modified', 'Wed, 01 Jan 2020 00:00:00 GMT');
      response.end(bodies.get((request.url as string).slice(1)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const RESIZE = ['--resize', '64', '--resize-mode', 'center-crop', '--keep-original'];
  const get = (cwd: string, ...args: readonly string[]): Promise<Ran> =>
    warmSluice(['get', ...[...bodies.keys()].map((name) => `${origin}/${name}`), '-d', 'd', ...args], { cwd });
  const verify = (cwd: string, ...args: readonly string[]): Promise<Ran> =>
    warmSluice(['verify', 'd', ...args], { cwd });
  const originalsIn = (cwd: string): readonly string[] =>
    filesBelow(join(cwd, 'd')).filter((name) => name.startsWith('.originals/'));

  for (const args of [
    [],
    ['--durable'],
    ['--executor', 'inline'],
    ['--executor', 'libuv'],
    ['--executor', 'threads'],
  ]) {
    test(`keeps what came of what is made, and only of that: ${args.join(' ')}`, async (t) => {
      const cwd = scratch(t);
      const { status, stderr } = await get(cwd, ...RESIZE, '--convert', 'jpg', '--mtime', '--events', 'e', ...args);
      assert.equal(status, 0, stderr);
      const originals = originalsIn(cwd);
      assert.equal(originals.length, 3);
      const names = ['large.jpg.png', 'wide.jpg.png'].map((name) => `.originals/${name}`);
      assert.deepEqual(
        originals.filter((name) => names.includes(name)),
        names,
        originals.join(' '),
      );
      // Two items are called wide: one of them has a mark.
      assert.match(originals.find((name) => !names.includes(name)) ?? '', /^\.originals\/wide-[0-9a-f]{8}\.jpg\.gif$/);
      assert.ok(readFileSync(join(cwd, 'd/right.jpg')).equals(bodies.get('right.jpg') as Buffer));
      let told = 0;
      for (const line of eventLines(readFileSync(join(cwd, 'e'), 'utf8'))) {
        const { url = '', name = '', image } = line as { url?: string; name?: string; image?: ImageFacts };
        if (name !== '') assert.equal(statSync(join(cwd, 'd', name)).mtimeMs, Date.UTC(2020, 0, 1), name);
        if (image?.original === undefined) continue;
        told += 1;
        const original = join(cwd, 'd', image.original.name);
        assert.ok(readFileSync(original).equals(bodies.get(url.slice(origin.length + 1)) as Buffer), url);
        assert.equal(statSync(original).mtimeMs, Date.UTC(2020, 0, 1));
      }
      assert.equal(told, 3);
      assert.match((await verify(cwd)).stdout, /^4 files right/);
      const table = await warmSluice(['export', 'd', '--format', 'csv', '--fields', 'name,original'], { cwd });
      assert.match(table.stdout, /^large\.jpg,\.originals\/large\.jpg\.png$/m);
    });
  }

  test('keeps names and folders where images keep their format', async (t) => {
    const cwd = scratch(t);
    assert.equal((await get(cwd, ...RESIZE, '--layout', 'hashed', '-x')).status, 0);
    const files = filesBelow(join(cwd, 'd'));
    const made = files.filter((name) => !name.startsWith('.') && !name.endsWith('right.jpg'));
    assert.deepEqual(originalsIn(cwd), made.map((name) => `.originals/${name}`).toSorted());
  });

  test('verify tells of an original that is gone or was changed, and --repair brings it back', async (t) => {
    const cwd = scratch(t);
    assert.equal((await get(cwd, ...RESIZE)).status, 0);
    rmSync(join(cwd, 'd/.originals/wide.png'));
    writeFileSync(join(cwd, 'd/.originals/large.png'), 'another');
    const found = await verify(cwd);
    assert.equal(found.status, 1);
    assert.match(found.stdout, /wide\.png has an original, \.originals\/wide\.png, that is missing/);
    assert.match(found.stdout, /large\.png has an original, \.originals\/large\.png, that has 7 bytes/);
    assert.equal((await verify(cwd, '--repair', ...RESIZE)).status, 0);
    for (const name of ['wide.png', 'large.png']) {
      assert.ok(readFileSync(join(cwd, 'd/.originals', name)).equals(bodies.get(name) as Buffer), name);
    }
    assert.equal((await verify(cwd)).status, 0);
  });

  test('a link in the place of its folder is refused, and leads nowhere', async (t) => {
    const cwd = scratch(t);
    const elsewhere = scratch(t);
    assert.equal((await get(cwd)).status, 0);
    symlinkSync(elsewhere, join(cwd, 'd/.originals'));
    const { status, stderr } = await get(cwd, '--overwrite', ...RESIZE);
    assert.equal(status, 1);
    assert.match(stderr, /\.originals is no folder/);
    assert.deepEqual(filesBelow(elsewhere), []);
  });

  test(
    'in shards it is a member between the image and its description, which tells of it',
    { skip: noPython },
    async (t) => {
      const cwd = scratch(t);
      const { status, stderr } = await get(
        cwd,
        ...RESIZE,
        '--layout',
        'tar',
        '--convert',
        'webp',
        '--shard-size',
        '64MiB',
      );
      assert.equal(status, 0, stderr);
      assert.equal(existsSync(join(cwd, 'd/.originals')), false);
      const path = join(cwd, 'd/00000.tar');
      const members = membersOf(readFileSync(path));
      for (const [at, [name, body]] of [...bodies].entries()) {
        const key = String(at).padStart(9, '0');
        const told = JSON.parse(String(members.get(`${key}.json`))) as { original?: { size: number } };
        // All are converted.
        const original = members.get(`${key}.original.${name.split('.').at(-1)}`);
        assert.ok(original?.equals(body), name);
        assert.equal(told.original?.size, body.length);
        const order = listedByPython(path).flatMap(([member]) => (member.startsWith(key) ? [member] : []));
        assert.deepEqual(
          order.map((member) => member.slice(key.length + 1).split('.')[0]),
          ['webp', 'original', 'json'],
        );
      }
      assert.match((await verify(cwd)).stdout, /^4 files right/);
      // A byte of an original.
      const archive = readFileSync(path);
      const at = archive.indexOf((bodies.get('large.png') as Buffer).subarray(1000, 1100));
      archive[at] = (archive[at] as number) ^ 1;
      writeFileSync(path, archive);
      const found = await verify(cwd);
      assert.equal(found.status, 1);
      assert.match(found.stdout, /has an original, 00000000\d\.original\.png, that has another content/);
    },
  );

  test('where nothing is made, it is refused', async (t) => {
    const { status, stderr } = await get(scratch(t), '--keep-original', '--min-size', '3');
    assert.equal(status, 2);
    assert.match(stderr, /--keep-original says nothing where no image is made/);
  });
});
