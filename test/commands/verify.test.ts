/** `sluice verify`, with and without `--repair`, on the destinations of real runs. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { claimedSize, PREAMBLE } from '../../src/journal/format.js';
import { noise } from '../helpers/bodies.js';
import { serveAsked } from '../helpers/asked-server.js';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';
import { bodiesIn, shardsIn } from '../helpers/tars.js';

const BODY = noise(3_000, 7);

describe('verify', () => {
  let gone = '';
  const server = serveAsked((url, response) => {
    if (url === gone) response.statusCode = 404;
    response.end(BODY);
  });
  const { requested } = server;
  beforeEach(() => {
    gone = '';
  });

  /** A destination `d` of a run of so many items. */
  async function stored(t: TestContext, count: number, ...more: string[]): Promise<{ cwd: string; d: string }> {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'urls'), Array.from({ length: count }, (_, i) => `${server.origin}/${i}.jpg`).join('\n'));
    const ran = await warmSluice(['get', '-i', 'urls', '-d', 'd', '-m', '2', ...more], { cwd });
    assert.equal(ran.status, 0, ran.stderr);
    requested.splice(0);
    return { cwd, d: join(cwd, 'd') };
  }

  /** Changes a byte at a place. */
  function damage(path: string, at: number): void {
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(path, bytes);
  }

  /** Changes a byte of a frame in the middle. */
  function damageJournal(d: string): void {
    const path = join(d, '.sluice/journal');
    const bytes = readFileSync(path);
    const starts: number[] = [];
    for (let at = PREAMBLE.length; at < bytes.length; at += claimedSize(bytes.subarray(at)) as number) starts.push(at);
    assert.ok(starts.length > 3, `${starts.length} frames`);
    damage(path, (starts[2] as number) + 30);
  }

  const verify = (cwd: string, ...more: string[]): Promise<Ran> => warmSluice(['verify', 'd', ...more], { cwd });

  test('tells what is missing, of another size or of another content; --repair fetches just that again', async (t) => {
    const { cwd, d } = await stored(t, 12);
    rmSync(join(d, '1.jpg'));
    appendFileSync(join(d, '2.jpg'), 'more');
    damage(join(d, '3.jpg'), 2_000);
    rmSync(join(d, '4.jpg'));
    symlinkSync('/etc/passwd', join(d, '4.jpg'));
    const journal = readFileSync(join(d, '.sluice/journal'));
    const found = await verify(cwd);
    assert.equal(found.status, 1, found.stderr);
    assert.deepEqual(found.stdout.trimEnd().split('\n').toSorted(), [
      '*** 1.jpg is missing',
      '*** 2.jpg has 3004 bytes, and was stored with 3000',
      '*** 3.jpg has another content than what was stored',
      '*** 4.jpg is no file',
      '8 files right, 23.4 KiB; 4 wrong.',
    ]);
    assert.deepEqual(readFileSync(join(d, '.sluice/journal')), journal);
    const repaired = await verify(cwd, '--repair');
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.match(repaired.stdout, /^8 files right, 23\.4 KiB; 4 wrong\.\n4 files fetched again, and right now\.$/m);
    assert.deepEqual(requested.toSorted(), ['/1.jpg', '/2.jpg', '/3.jpg', '/4.jpg']);
    for (let i = 0; i < 12; i += 1) assert.ok(readFileSync(join(d, `${i}.jpg`)).equals(BODY), `${i}.jpg`);
    assert.equal((await verify(cwd)).status, 0);
  });

  test('tells a file that was made to look the same, where its checksum is known', async (t) => {
    for (const more of [[], ['--compute-hash', 'sha256']]) {
      const { cwd, d } = await stored(t, 1, ...more);
      const forged = readFileSync(join(d, '0.jpg'));
      forged[7] = (forged[7] as number) ^ 1;
      forge(forged, crc32(BODY));
      writeFileSync(join(d, '0.jpg'), forged);
      const { stdout } = await verify(cwd);
      if (more.length === 0) assert.match(stdout, /^1 file right/m);
      else assert.match(stdout, /^\*\*\* 0\.jpg has another sha256 than it is to have$/m);
    }
  });

  test('what cannot be had any more is an error, and stays one', async (t) => {
    const { cwd, d } = await stored(t, 3);
    damage(join(d, '1.jpg'), 0);
    gone = '/1.jpg';
    const repaired = await verify(cwd, '--repair');
    assert.equal(repaired.status, 1);
    assert.match(repaired.stderr, /^1 not found\.$/m);
    assert.match(repaired.stdout, /^0 files fetched again, and right now; 1 could not be had again\.$/m);
    assert.equal((await warmSluice(['status', 'd'], { cwd })).status, 1);
  });

  test('a repair that ends before it has fetched anything leaves that to the next one', async (t) => {
    const { cwd, d } = await stored(t, 3);
    damage(join(d, '1.jpg'), 0);
    // It ends after it has written down what is wrong, and before it fetches it.
    const cut = await verify(cwd, '--repair', '--report', 'not/there');
    assert.equal(cut.status, 2);
    const known = await verify(cwd);
    assert.equal(known.status, 1);
    assert.match(known.stdout, /^\*\*\* 1\.jpg has another content than what was stored$/m);
    assert.equal((await verify(cwd, '--repair')).status, 0);
    assert.deepEqual(requested, ['/1.jpg']);
    assert.ok(readFileSync(join(d, '1.jpg')).equals(BODY));
  });

  test('a damaged shard is set aside, and its items are fetched into a new one', async (t) => {
    const { cwd, d } = await stored(t, 6, '--layout', 'tar');
    writeFileSync(join(cwd, 'urls'), Array.from({ length: 9 }, (_, i) => `${server.origin}/${i}.jpg`).join('\n'));
    assert.equal((await warmSluice(['get', '-i', 'urls', '-d', 'd', '--layout', 'tar'], { cwd })).status, 0);
    requested.splice(0);
    damage(join(d, '00000.tar'), 1_000);
    const found = await verify(cwd);
    assert.equal(found.status, 1);
    assert.match(found.stdout, /jpg has another content than what was stored in 00000\.tar$/m);
    assert.match(found.stdout, /^\*\*\* 00000\.tar is damaged: --repair sets it aside and fetches its 6 items again$/m);
    assert.match(found.stdout, /^8 files right, 23\.4 KiB; 1 wrong\.$/m);
    const repaired = await verify(cwd, '--repair');
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.equal(requested.length, 6);
    assert.deepEqual(readdirSync(d).toSorted(), ['.sluice', '00000.tar.damaged', '00001.tar', '00002.tar']);
    assert.equal(bodiesIn(shardsIn(d).map((path) => readFileSync(path))).size, 9);
    assert.equal((await verify(cwd)).status, 0);
  });

  test('a journal that is damaged in the middle: refused, kept aside, and written anew', async (t) => {
    const { cwd, d } = await stored(t, 400);
    damageJournal(d);
    for (const args of [
      ['verify', 'd'],
      ['status', 'd'],
      ['get', '-i', 'urls', '-d', 'd'],
    ]) {
      const refused = await warmSluice(args, { cwd });
      assert.equal(refused.status, 3);
      assert.match(refused.stderr, /is damaged at byte \d+: sluice verify --repair keeps what is whole/);
    }
    damage(join(d, '0.jpg'), 0);
    const before = readFileSync(join(d, '.sluice/journal'));
    const repaired = await verify(cwd, '--repair');
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.deepEqual(readFileSync(join(d, '.sluice/journal.damaged-1')), before);
    assert.ok(requested.length < 400, `${requested.length} were fetched again`);
    const rest = await warmSluice(['get', '-i', 'urls', '-d', 'd', '--overwrite'], { cwd });
    assert.equal(rest.status, 0, rest.stderr);
    assert.ok(requested.length < 400, `${requested.length} were fetched again`);
    for (let i = 0; i < 400; i += 1) assert.ok(readFileSync(join(d, `${i}.jpg`)).equals(BODY), `${i}.jpg`);
    assert.match((await verify(cwd)).stdout, /^400 files right/m);
  });

  test('what is in shards is known again, whatever the journal has lost', async (t) => {
    const { cwd, d } = await stored(t, 400, '--layout', 'tar');
    damageJournal(d);
    damage(join(d, '.sluice/journal'), PREAMBLE.length + 20);
    const repaired = await verify(cwd, '--repair');
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.match(repaired.stdout, /^400 files right/m);
    const rest = await warmSluice(['get', '-i', 'urls', '-d', 'd', '--layout', 'tar'], { cwd });
    assert.equal(rest.status, 0, rest.stderr);
    assert.deepEqual(requested, []);
    assert.equal(bodiesIn(shardsIn(d).map((path) => readFileSync(path))).size, 400);
  });

  test('nothing is made where there is no journal', async (t) => {
    const cwd = scratch(t);
    assert.equal((await verify(cwd, '--repair')).status, 2);
    assert.ok(!existsSync(join(cwd, 'd')));
  });
});

/** Gives bytes a CRC-32 by their last four, each bit of which changes it in a way of its own. */
function forge(bytes: Buffer, wanted: number): void {
  const end = bytes.length - 4;
  bytes.writeUInt32LE(0, end);
  const plain = crc32(bytes);
  const changes = Array.from({ length: 32 }, (_, bit) => {
    bytes.writeUInt32LE((1 << bit) >>> 0, end);
    return { bits: (1 << bit) >>> 0, effect: (crc32(bytes) ^ plain) >>> 0 };
  });
  let left = (wanted ^ plain) >>> 0;
  let patch = 0;
  // Gaussian elimination over GF(2).
  for (let bit = 31; bit >= 0; bit -= 1) {
    const at = changes.findIndex(({ effect }) => Math.clz32(effect) === 31 - bit);
    const [pivot] = changes.splice(at, 1) as [(typeof changes)[number]];
    for (const other of changes) {
      if (((other.effect >>> bit) & 1) === 0) continue;
      other.effect = (other.effect ^ pivot.effect) >>> 0;
      other.bits = (other.bits ^ pivot.bits) >>> 0;
    }
    if (((left >>> bit) & 1) === 0) continue;
    left = (left ^ pivot.effect) >>> 0;
    patch = (patch ^ pivot.bits) >>> 0;
  }
  bytes.writeUInt32LE(patch, end);
  assert.equal(crc32(bytes), wanted);
}
