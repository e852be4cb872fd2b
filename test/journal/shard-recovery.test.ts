/** Shards that a killed run has sealed and not written down, through the whole command. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test, type TestContext } from 'node:test';
import { noise } from '../helpers/bodies.js';
import { type Ran, signalTo, sluice, warmSluice } from '../helpers/cli.js';
import { asAfterKill } from '../helpers/journals.js';
import { scratch } from '../helpers/scratch.js';
import { bodiesIn, shardsIn } from '../helpers/tars.js';

describe('shards that were sealed and not written down', () => {
  let origin: string;
  const requested: string[] = [];
  const server = createServer((request, response) => {
    requested.push(request.url ?? '');
    response.end(noise(Number(request.url?.split('/')[1]), 1));
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  beforeEach(() => requested.splice(0));

  const size = 90_000;
  const count = 40;

  class Dataset {
    readonly cwd: string;
    readonly directory: string;
    readonly journal: string;
    lines = Array.from({ length: count }, (_, i) => `${origin.replace('//', '//u:p@')}/${size}/${i}.jpg`);

    constructor(t: TestContext) {
      this.cwd = scratch(t);
      this.directory = join(this.cwd, 'd');
      this.journal = join(this.directory, '.sluice', 'journal');
    }

    get(...more: string[]): Promise<Ran> {
      writeFileSync(join(this.cwd, 'urls'), this.lines.join('\n'));
      return warmSluice(['get', '-i', 'urls', '-d', 'd', '--layout', 'tar', '--shard-size', '1MiB', ...more], this);
    }

    /** Names in all shards; fails when one is there twice. */
    get names(): string[] {
      const bodies = bodiesIn(shardsIn(this.directory).map((path) => readFileSync(path)));
      for (const { body } of bodies.values()) assert.ok(body.equals(noise(size, 1)));
      return [...bodies.keys()].toSorted();
    }
  }

  const all = Array.from({ length: count }, (_, i) => `${i}.jpg`).toSorted();

  test('are taken for what they are: nothing is requested again', async (t) => {
    const data = new Dataset(t);
    assert.equal((await data.get()).status, 0);
    asAfterKill(data.journal, { stored: false });
    requested.splice(0);
    const { status, stderr } = await data.get();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^40 files of an earlier run are there/m);
    assert.deepEqual(requested, []);
    assert.deepEqual(data.names, all);
    // And now it is written down.
    assert.match((await data.get()).stderr, /^40 files of an earlier run are there/m);
    assert.deepEqual(data.names, all);
  });

  test('are proved when the machine was started anew: a torn one is removed and fetched again', async (t) => {
    const data = new Dataset(t);
    assert.equal((await data.get()).status, 0);
    const [first, second, third] = shardsIn(data.directory) as [string, string, string];
    asAfterKill(data.journal, { stored: false, boot: 'another' });
    truncateSync(first, 400_000);
    truncateSync(second, 0);
    const bytes = readFileSync(third);
    bytes[100_000] = (bytes[100_000] as number) ^ 1;
    writeFileSync(third, bytes);
    requested.splice(0);
    const { status, stderr } = await data.get();
    assert.equal(status, 0, stderr);
    for (const path of [first, second, third]) assert.ok(!existsSync(path), `${path} is there`);
    assert.deepEqual(data.names, all);
    assert.ok(requested.length > 20 && requested.length < count, `${requested.length} requests`);
  });

  test('are left alone where they are not this run’s', async (t) => {
    const data = new Dataset(t);
    assert.equal((await data.get()).status, 0);
    const journal = readFileSync(data.journal);
    const ours = readFileSync(shardsIn(data.directory)[0] as string);
    rmSync(data.directory, { recursive: true });
    mkdirSync(join(data.directory, '.sluice'), { recursive: true });
    // The shards of other items, what is no archive, a link: all with numbers that the run might have used.
    writeFileSync(data.journal, journal);
    asAfterKill(data.journal, { stored: false, boot: 'another' });
    const foreign = Buffer.from(ours);
    const at = foreign.indexOf('"name":"');
    foreign.write('"name":"X', at);
    writeFileSync(join(data.directory, '00000.tar'), foreign.subarray(0, 512 * 180).fill('x', 0, 512));
    writeFileSync(join(data.directory, '00001.tar'), 'not an archive at all');
    symlinkSync('/etc/passwd', join(data.directory, '00002.tar'));
    const { status, stderr } = await data.get();
    assert.equal(status, 0, stderr);
    for (const name of ['00000.tar', '00001.tar', '00002.tar']) {
      assert.ok(existsSync(join(data.directory, name)), `${name} is gone`);
      rmSync(join(data.directory, name));
    }
    assert.deepEqual(data.names, all);
  });

  test('a run that is killed as soon as a shard has its name leaves nothing to be there twice', async (t) => {
    const data = new Dataset(t);
    mkdirSync(data.directory);
    const killed = new Promise<void>((resolve) => {
      let pid = 0;
      const watcher = watch(data.directory, (_event, name) => {
        if (name?.endsWith('.tar') !== true || pid === 0) return;
        signalTo(pid, 'SIGKILL');
        watcher.close();
      });
      writeFileSync(join(data.cwd, 'urls'), data.lines.join('\n'));
      const args = ['get', '-i', 'urls', '-d', 'd', '--layout', 'tar', '--shard-size', '1MiB'];
      void sluice(args, { cwd: data.cwd, onStart: (started) => (pid = started) }).then(() => {
        watcher.close();
        resolve();
      });
    });
    await killed;
    const before = data.names;
    assert.ok(before.length > 0);
    requested.splice(0);
    const { status, stderr } = await data.get();
    assert.equal(status, 0, stderr);
    assert.deepEqual(data.names, all);
    // Of a shard that was not sealed, what was whole in it is there, too, if the kill came late.
    const [, there = '0'] = /^(\d+) files? of an earlier run/m.exec(stderr) ?? [];
    assert.equal(requested.length, count - Number(there));
    assert.ok(Number(there) >= before.length);
    for (const url of requested) assert.ok(!before.includes(url.slice(url.lastIndexOf('/') + 1)), url);
  });

  test('a new item does not get the key of one that is stored', async (t) => {
    const data = new Dataset(t);
    assert.equal((await data.get()).status, 0);
    data.lines = [data.lines[0] as string, `${origin}/${size}/new.jpg`, ...data.lines.slice(1)];
    const { status, stderr } = await data.get();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^1 file downloaded/m);
    assert.deepEqual(data.names, [...all, 'new.jpg'].toSorted());
  });

  test('the number of a shard that is gone is not given again', async (t) => {
    const data = new Dataset(t);
    assert.equal((await data.get()).status, 0);
    const last = shardsIn(data.directory).at(-1) as string;
    rmSync(last);
    assert.equal((await data.get()).status, 0);
    assert.ok(!existsSync(last));
    assert.deepEqual(data.names, all);
  });

  test('--overwrite replaces a dataset as a whole', async (t) => {
    const data = new Dataset(t);
    assert.equal((await data.get()).status, 0);
    data.lines = data.lines.slice(0, 15);
    assert.equal((await data.get('--overwrite')).status, 0);
    assert.deepEqual(data.names, all.filter((name) => parseInt(name) < 15).toSorted());
  });
});
