/** Images on the way through, as the commands tell of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { filesBelow } from '../helpers/folders.js';
import { sluice, warmSluice } from '../helpers/cli.js';
import { pngBomb } from '../helpers/images.js';
import { scratch } from '../helpers/scratch.js';
import { membersOf } from '../helpers/tars.js';

/** Noise, so that no encoder can leave much out. */
function picture(width: number, height: number): ReturnType<typeof sharp> {
  let state = 2463534242;
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < pixels.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    pixels[at] = state;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

describe('images on the way', () => {
  let server: Server;
  let origin = '';
  let requested = 0;
  const bodies = new Map<string, Buffer>();
  before(async () => {
    bodies.set('/wide.png', await picture(500, 400).png().toBuffer());
    bodies.set(
      '/right.jpg',
      await picture(64, 64)
        .jpeg()
        .withExif({ IFD0: { Make: 'Sluice' } })
        .toBuffer(),
    );
    // More than is held whole.
    bodies.set('/large.png', await picture(1500, 1000).png().toBuffer());
    bodies.set('/small.gif', await picture(20, 90).gif().toBuffer());
    bodies.set('/page.jpg', Buffer.from('<!doctype html><p>Not here.'));
    bodies.set('/bomb.png', pngBomb(60_000, 60_000));
    server = createServer((request, response) => {
      requested += 1;
      response.end(bodies.get(request.url as string));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const urls = (...names: readonly string[]): string[] => names.map((name) => `${origin}/${name}`);
  const ALL = ['wide.png', 'right.jpg', 'large.png', 'small.gif', 'page.jpg', 'bomb.png'];

  for (const executor of ['pool', 'inline', 'libuv', 'threads']) {
    test(`are made, named, measured and left out with --executor ${executor}`, async (t) => {
      const cwd = scratch(t);
      const how = ['--resize', '64', '--resize-mode', 'center_crop', '--convert', 'jpg', '--min-size', '30'];
      const args = ['get', ...urls(...ALL), '-d', 'out', ...how, '--executor', executor];
      const { status, stderr } = await warmSluice([...args, '--metadata', 'm.csv', '--report', 'r.json'], { cwd });
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^1 image left out: too small, too large or too narrow\.$/m);
      assert.match(stderr, /^2 errors: 2 BODY_IMAGE\.$/m);
      assert.match(stderr, /no image of a known kind/);
      assert.match(stderr, /PNG too large: 60000 x 60000 pixels/);
      assert.deepEqual(filesBelow(join(cwd, 'out')).sort(), ['large.jpg', 'right.jpg', 'wide.jpg']);
      assert.deepEqual(readFileSync(join(cwd, 'out/right.jpg')), bodies.get('/right.jpg'));
      for (const name of ['wide', 'large']) {
        const made = await sharp(bodies.get(`/${name}.png`))
          .resize(64, 64)
          .flatten()
          .keepMetadata()
          .jpeg()
          .toBuffer();
        assert.deepEqual(readFileSync(join(cwd, `out/${name}.jpg`)), made, name);
      }
      const fields = 'name,status,error,width,height,original_width,original_height,format,exif';
      const table = await warmSluice(['export', 'out', '--format', 'csv', '--fields', fields], { cwd });
      assert.deepEqual(
        table.stdout
          .replace(/"{""Make"":""Sluice"",.*}"/, 'EXIF')
          .trim()
          .split('\n')
          .sort(),
        [
          'bomb.jpg,error,BODY_IMAGE,,,,,,',
          'large.jpg,ok,,64,64,1500,1000,jpeg,',
          fields,
          'page.jpg,error,BODY_IMAGE,,,,,,',
          'right.jpg,ok,,64,64,64,64,jpeg,EXIF',
          'small.jpg,filtered,IMAGE_SMALL,,,,,,',
          'wide.jpg,ok,,64,64,500,400,jpeg,',
        ].sort(),
      );
      const report = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as Record<string, unknown>;
      assert.deepEqual([report['ok'], report['filtered'], report['errors']], [3, 1, 2]);
      assert.match((await warmSluice(['status', 'out'], { cwd })).stdout, /^1 image left out: /m);
    });
  }

  test('that are left out do not change the exit status, and are no business of retry', async (t) => {
    const cwd = scratch(t);
    const args = ['get', ...urls('wide.png', 'small.gif'), '-d', 'out', '--max-aspect-ratio', '3', '-v'];
    const { status, stdout } = await warmSluice(args, { cwd });
    assert.equal(status, 0);
    assert.match(stdout, /small\.gif: aspect ratio too large: 20 x 90 pixels, and --max-aspect-ratio is 3, left out/);
    assert.deepEqual(filesBelow(join(cwd, 'out')), ['wide.png']);
    assert.deepEqual(readFileSync(join(cwd, 'out/wide.png')), bodies.get('/wide.png'));
    const before = requested;
    assert.equal((await warmSluice(['retry', 'out'], { cwd })).status, 0);
    assert.equal(requested, before);
    // What is there is what was stored, not what came.
    assert.equal((await warmSluice(['verify', 'out'], { cwd })).status, 0);
  });

  test('are in shards what they are, with their sizes in the description and in the dataset', async (t) => {
    const cwd = scratch(t);
    const how = ['--image-size', '64', '--encode-format', 'webp', '--min-image-size', '30'];
    const args = ['get', ...urls(...ALL), '-d', 'out', '--layout', 'tar', '--dataset', 'img2dataset', ...how];
    const { status, stderr } = await warmSluice(args, { cwd });
    assert.equal(status, 1, stderr);
    const members = membersOf(readFileSync(join(cwd, 'out/00000.tar')));
    assert.deepEqual([...members.keys()].sort(), [
      '000000000.json',
      '000000000.webp',
      '000000001.json',
      '000000001.webp',
      '000000002.json',
      '000000002.webp',
    ]);
    const told = JSON.parse(String(members.get('000000002.json'))) as Record<string, unknown>;
    assert.deepEqual(
      [told['width'], told['height'], told['original_width'], told['original_height'], told['format']],
      [64, 64, 1500, 1000, 'webp'],
    );
    const stats = JSON.parse(readFileSync(join(cwd, 'out/00000_stats.json'), 'utf8')) as Record<string, unknown>;
    assert.deepEqual([stats['successes'], stats['failed_to_download'], stats['failed_to_resize']], [3, 0, 3]);
    assert.equal((stats['status_dict'] as Record<string, number>)['image too small'], 1);
  });

  test('are checked by what their list says as they came, and by what was made of them after that', async (t) => {
    const cwd = scratch(t);
    const sha1 = (of: string): string =>
      createHash('sha1')
        .update(bodies.get(of) ?? '')
        .digest('hex');
    const rows = ['/wide.png', '/large.png'].map((path) => `${origin}${path},${sha1(path)}`);
    writeFileSync(join(cwd, 'list.csv'), `url,checksum\n${rows.join('\n')}\n${origin}/right.jpg,${'0'.repeat(40)}\n`);
    const args = [
      'get',
      '-i',
      'list.csv',
      '-d',
      'out',
      '--resize',
      '64',
      '--checksum-column',
      'checksum',
      '--tries',
      '1',
    ];
    const { status, stderr } = await warmSluice(args, { cwd });
    assert.equal(status, 1);
    assert.match(stderr, /1 error: 1 BODY_CHECKSUM/);
    assert.deepEqual(filesBelow(join(cwd, 'out')).sort(), ['large.png', 'wide.png']);
    const verified = await warmSluice(['verify', 'out'], { cwd });
    assert.match(verified.stdout + verified.stderr, /2 files right/);
  });

  test('keep the names that a list gives, and have their own extension in templates', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), `${origin}/wide.png\tmine.png\n${origin}/right.jpg\n`);
    const args = ['get', '-i', 'list', '--convert', 'webp', '-q'];
    assert.equal((await warmSluice([...args, '-d', 'one'], { cwd })).status, 0);
    assert.deepEqual(filesBelow(join(cwd, 'one')).sort(), ['mine.png', 'right.webp']);
    assert.equal((await warmSluice([...args, '-d', 'two', '--name', '{index:03}.{ext}'], { cwd })).status, 0);
    assert.deepEqual(filesBelow(join(cwd, 'two')).sort(), ['001.webp', 'mine.png']);
    // The second time they are there.
    const again = await warmSluice([...args.slice(0, -1), '-d', 'one'], { cwd });
    assert.match(again.stderr, /^2 files of an earlier run are there\.$/m);
  });

  test('need sharp only to be made, and say so before anything is requested', async (t) => {
    const cwd = scratch(t);
    const before = requested;
    const gone = `export async function resolve(name, context, next) {
      if (name === 'sharp') throw Object.assign(new Error("Cannot find package 'sharp'"), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    }`;
    const hook = `data:text/javascript,${encodeURIComponent(gone)}`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(hook)});`;
    const flags = ['--import', `data:text/javascript,${encodeURIComponent(register)}`];
    const without = (...args: readonly string[]) =>
      sluice(['get', ...urls('wide.png'), '-d', 'out', ...args], { cwd, flags });
    for (const args of [['--resize', '64'], ['--convert', 'png'], ['--strip'], ['--image-check', 'pixels']]) {
      const { status, stderr } = await without(...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /sharp, which decodes images, cannot be loaded.*npm install sharp/s);
    }
    assert.equal(requested, before);
    assert.equal((await without('--image-check', 'structure', '--min-size', '30')).status, 0);
  });

  for (const [args, message] of [
    [['--resize', '0'], /--resize 0 is out of bounds.*from 1 to 16383/s],
    [['--resize', '16384'], /--resize 16384 is out of bounds/],
    [['--resize', '256', '--resize-mode', 'stretch'], /--resize-mode stretch is unknown.*give one of border, fit/s],
    [['--convert', 'jpeg', '--quality', '101'], /--quality 101 is out of bounds.*from 1 to 100/s],
    [['--quality', '90'], /--quality says nothing where no image is made/],
    [['--convert', 'png', '--quality', '90'], /--quality does not go with --convert png/],
    [['--convert', 'gif'], /--convert gif is unknown.*jpeg, png, webp, avif/s],
    [['--resize-mode', 'fit'], /--resize-mode says nothing without a size/],
    [['--only-shrink'], /--only-shrink says nothing without a size/],
    [['--max-aspect-ratio', '0.5'], /--max-aspect-ratio 0.5 is out of bounds/],
    [['--convert', 'png', '--adjust-extension'], /--convert does not go with names that come from answers/],
  ] as const) {
    test(`say what is wrong with ${args.join(' ')}, before anything is requested`, async (t) => {
      const cwd = scratch(t);
      const before = requested;
      const { status, stderr } = await warmSluice(['get', ...urls('wide.png'), '-d', 'out', ...args], { cwd });
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
      assert.equal(requested, before);
    });
  }
});
