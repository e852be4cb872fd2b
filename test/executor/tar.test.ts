import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { LARGE_WINDOW } from '../../src/body.js';
import { gzipSync } from 'node:zlib';
import { createTarExecutor } from '../../src/executor/create.js';
import type { TarExecutor } from '../../src/executor/tar.js';
import type { PlainError } from '../../src/errors.js';
import type { Item } from '../../src/item.js';
import type { PartShard } from '../../src/protocol/tar.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import type { StoreResult } from '../../src/protocol/result.js';
import { simulate } from '../../workers/slow.js';
import { cut, noise, text, TINY_GIF } from '../helpers/bodies.js';
import { filesBelow } from '../helpers/folders.js';
import { itemNamed, storeSettings, Told } from '../helpers/stores.js';
import { bodiesIn, listedByPython, listedByTar, membersOf, noGnuTar, noPython, shardsIn } from '../helpers/tars.js';

const MIB = 1 << 20;
/** Milliseconds that slow storage takes. */
const WAIT = 25;

class Setup {
  readonly executor: TarExecutor;
  readonly settings: StoreSettings;
  readonly told: Told;
  /** Names of bodies that were told of as written. */
  readonly written: string[];
  /** What was told of shards that were there. */
  readonly takenUp: unknown[];
  /** Names of bodies in parts that were told of as let go. */
  readonly left: string[] = [];
  #index = -1;

  constructor(executor: TarExecutor, settings: StoreSettings, told: Told, written: string[], takenUp: unknown[]) {
    this.executor = executor;
    this.settings = settings;
    this.told = told;
    this.written = written;
    this.takenUp = takenUp;
  }

  item(name: string): Item {
    this.#index += 1;
    return { ...itemNamed(name), index: this.#index };
  }

  store(name: string, chunks: readonly Uint8Array[], encoding = ''): void {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.executor.store({ item: this.item(name), chunks, length, encoding });
  }

  /** Sends a large body, at the pace of its writer. */
  async storeLarge(
    name: string,
    chunks: readonly Uint8Array[],
    encoding = '',
  ): Promise<{ abort(): void; end(): void }> {
    let goOn: (() => void) | undefined;
    const writer = this.executor.storeLarge(
      { item: this.item(name), encoding, window: LARGE_WINDOW },
      { onRoom: () => goOn?.(), onLeft: () => this.left.push(name) },
    );
    for (const chunk of chunks) {
      const room = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      if (!writer.write(chunk)) await room;
    }
    return writer;
  }

  archives(): Buffer[] {
    return shardsIn(this.settings.directory).map((path) => readFileSync(path));
  }

  /** Fails unless the shards hold exactly these bodies, byte for byte, and each was told of with its size. */
  holdsExactly(expected: ReadonlyMap<string, Uint8Array>): void {
    const bodies = bodiesIn(this.archives());
    assert.deepEqual([...bodies.keys()].toSorted(), [...expected.keys()].toSorted());
    for (const [name, body] of expected) {
      assert.equal(this.told.results.get(name), body.length, name);
      assert.ok(bodies.get(name)?.body.equals(body), `${name} differs`);
    }
    assert.deepEqual(filesBelow(this.settings.scratch), []);
  }
}

interface Changes {
  readonly shardSize?: number;
  readonly store?: Partial<StoreSettings>;
  readonly onStored?: (item: Item, result: StoreResult) => void;
  readonly parts?: readonly PartShard[];
  /** The number of the one shard that all goes into. */
  readonly only?: number;
}

async function start(
  t: TestContext,
  { shardSize = 128 * MIB, store, onStored, parts = [], only }: Changes = {},
): Promise<Setup> {
  const settings = storeSettings(t, store);
  const told = new Told();
  const written: string[] = [];
  const where = { store: settings, shardSize, firstShard: 0, unsealed: settings.scratch, parts, only };
  const takenUp: unknown[] = [];
  const executor = await createTarExecutor(where, {
    onTakenUp: (...part) => takenUp.push(part),
    onStored: (item, result) => {
      onStored?.(item, result);
      told.listener(item, result);
    },
    onWritten: ({ name }) => written.push(name),
  });
  t.after(() => executor.close());
  return new Setup(executor, settings, told, written, takenUp);
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    assert.ok(turns < 12_000, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the executor of the layout tar', () => {
  test('stores bodies of any size in shards of the given size, each told of once', async (t) => {
    const run = await start(t, { shardSize: MIB });
    const bodies = new Map<string, Uint8Array>();
    for (let i = 0; i < 600; i += 1) {
      const body = noise((i * 379) % 12_000, i);
      bodies.set(`${i}.jpg`, body);
      run.store(`${i}.jpg`, cut(body, 1, 1_460, 700));
      if (i % 200 === 0) await new Promise(setImmediate);
    }
    await run.executor.close();
    run.holdsExactly(bodies);
    const sizes = run.archives().map(({ length }) => length);
    assert.ok(sizes.length >= 4 && sizes.length <= 6, `${sizes.length} shards`);
    for (const size of sizes) assert.ok(size <= MIB, `${size} bytes`);
    for (const size of sizes.slice(0, -1)) assert.ok(size > 0.95 * MIB, `${size} bytes`);
    assert.deepEqual(
      shardsIn(run.settings.directory),
      sizes.map((_, number) => join(run.settings.directory, `0000${number}.tar`)),
    );
  });

  const NAMES = ['a.JPG', 'b.tar.gz', 'c', 'd.j_g', 'e.json', 'f.12345678901234567', 'g.\u00fcn', 'h.'];

  async function oneShard(t: TestContext): Promise<string> {
    const run = await start(t);
    for (const [i, name] of NAMES.entries()) run.store(name, [noise(700 * i, i)]);
    await until(() => run.written.length === NAMES.length, 'all is written');
    const large = await run.storeLarge('large.bin', [noise(3_000_000, 1)]);
    large.end();
    await run.executor.close();
    assert.equal(run.told.results.size, NAMES.length + 1);
    return join(run.settings.directory, '00000.tar');
  }

  const MEMBERS = [
    ...['jpg', 'gz', 'bin', 'bin', 'body.json', 'bin', 'bin', 'bin'].map((ext, i) => `00000000${i}.${ext}`),
    '000000008.bin',
  ];

  test('members are named by the item and its extension', async (t) => {
    const names = [...membersOf(readFileSync(await oneShard(t))).keys()];
    assert.deepEqual(names.filter((_, i) => i % 2 === 0).toSorted(), MEMBERS.toSorted());
    assert.deepEqual(
      names.filter((_, i) => i % 2 === 1).toSorted(),
      MEMBERS.map((_, i) => `00000000${i}.json`),
    );
  });

  test('GNU tar lists a shard without a warning', { skip: noGnuTar }, async (t) => {
    const path = await oneShard(t);
    const lines = listedByTar(path);
    assert.equal(lines.length, 2 * MEMBERS.length);
    for (const line of lines)
      assert.match(line, /^-rw-r--r-- 0\/0 +\d+ \d{4}-\d\d-\d\d \d\d:\d\d 00000000\d\.[a-z.]+$/);
    assert.ok(lines.some((line) => / 3000000 /.test(line)));
  });

  test("Python's tarfile lists a shard without a warning", { skip: noPython }, async (t) => {
    const path = await oneShard(t);
    const expected = [...membersOf(readFileSync(path))].map(([name, bytes]) => [name, bytes.length]);
    assert.deepEqual(listedByPython(path), expected);
  });

  test('a description tells the URL without its password, the name, and the headers that matter', async (t) => {
    const run = await start(t);
    const item = { ...run.item('a.gif'), url: 'http://user:secret@host/a.gif' };
    const url = 'http://host/a.gif';
    const lastModified = 'Sun, 06 Nov 1994 08:49:37 GMT';
    run.executor.onAnswer(item, { url, status: 503, contentType: 'text/html', etag: '', lastModified: '' });
    run.executor.onAnswer(item, { url, status: 200, contentType: 'image/gif', etag: '"y"', lastModified });
    // With the rest of a body not all is told again.
    run.executor.onAnswer(item, { url, status: 200, contentType: '', etag: '"x"', lastModified: '' });
    run.executor.store({ item, chunks: [TINY_GIF], length: TINY_GIF.length, encoding: '' });
    await run.executor.close();
    const [archive] = run.archives() as [Buffer];
    const { description } = bodiesIn([archive]).get('a.gif') ?? {};
    assert.equal(description?.url, 'http://user:***@host/a.gif');
    assert.deepEqual(description.headers, {
      'content-type': 'image/gif',
      etag: '"x"',
      'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT',
    });
    assert.equal(parseInt(archive.toString('latin1', 136, 147), 8), 784_111_777);
  });

  test('undoes encodings, and a body that fails in the middle of others fails alone', async (t) => {
    const run = await start(t, { store: { imageCheck: 'pixels' } });
    run.store('1.gif', [TINY_GIF]);
    run.store('page.gif', [Buffer.from('<html>')]);
    run.store('2.gif', [gzipSync(TINY_GIF)], 'gzip');
    run.store('broken', [noise(500, 1)], 'gzip');
    run.store('3.gif', [TINY_GIF]);
    await run.executor.close();
    assert.equal(run.told.errorOf('page.gif').code, 'BODY_IMAGE');
    assert.equal(run.told.errorOf('broken').code, 'BODY_ENCODING');
    run.holdsExactly(new Map(['1.gif', '2.gif', '3.gif'].map((name) => [name, TINY_GIF])));
  });

  test('a body is told of as stored when its shard has its final name, and as written before', async (t) => {
    let sealed = 0;
    let thread: Worker | undefined;
    process.once('worker', (worker: Worker) => (thread = worker));
    const folder: string[] = [];
    const run = await start(t, {
      onStored: () => {
        sealed += 1;
        assert.ok(existsSync(join(folder[0] as string, '00000.tar')));
      },
    });
    folder.push(run.settings.directory);
    for (let i = 0; i < 50; i += 1) run.store(`${i}`, [noise(9_000, i)]);
    await until(() => run.written.length === 50, 'all is written');
    assert.equal(sealed, 0);
    assert.deepEqual(shardsIn(run.settings.directory), []);
    assert.equal(filesBelow(run.settings.scratch).length, 1);
    const posts = t.mock.method(thread as unknown as Worker, 'postMessage');
    // As the pipeline does, with each item that is told of.
    for (let i = 0; i < 10; i += 1) run.executor.seal();
    await until(() => sealed === 50, 'all is sealed');
    assert.equal(run.told.results.size, 50);
    run.executor.seal();
    assert.equal(posts.mock.callCount(), 1);
    await run.executor.close();
    assert.equal(shardsIn(run.settings.directory).length, 1);
  });

  test('tells what the storage took to seal shards when nothing else was under way', async (t) => {
    const run = await start(t, { store: { slow: simulate({ name: 30, write: 0 }) } });
    run.store('a', [noise(1_000, 1)]);
    await until(() => run.written.length === 1, 'it is written');
    run.executor.takeLoad();
    run.executor.seal();
    await run.told.of('a');
    const { wall, rename } = run.executor.takeLoad().times;
    assert.ok(rename > 0 && 2 * rename > wall, `${rename} of ${wall} ms`);
  });

  test('large bodies arrive whole beside small ones, with encodings, one larger than its shard', async (t) => {
    const run = await start(t, { shardSize: MIB });
    const bodies = new Map<string, Uint8Array>();
    const sent: Promise<void>[] = [];
    for (const [i, size] of [5_000_000, 300_000, 600_000, 300_001, 2_000_000].entries()) {
      const body = text(size, i);
      bodies.set(`large-${i}`, body);
      const [bytes, encoding] = i === 4 ? [gzipSync(body, { level: 1 }), 'gzip'] : [body, ''];
      sent.push(run.storeLarge(`large-${i}`, cut(bytes, 65_521, 1, 16_411), encoding).then((writer) => writer.end()));
    }
    for (let i = 0; i < 100; i += 1) {
      bodies.set(`small-${i}`, noise(20_000, i));
      run.store(`small-${i}`, [noise(20_000, i)]);
    }
    await Promise.all(sent);
    await run.executor.close();
    run.holdsExactly(bodies);
    for (const archive of run.archives()) {
      const members = membersOf(archive).size;
      assert.ok(members >= 2);
      assert.ok(archive.length <= MIB || members === 2, `${archive.length} bytes, ${members} members`);
    }
  });

  test('many bodies that come in parts share shards, and one that turns out too large moves', async (t) => {
    // Two fit, and of the third its first two parts.
    const run = await start(t, { shardSize: 8 * MIB });
    const bodies = new Map<string, Uint8Array>();
    for (let i = 0; i < 6; i += 1) {
      bodies.set(`${i}`, noise(2_900_000 + i, i));
      (await run.storeLarge(`${i}`, cut(noise(2_900_000 + i, i), 65_521))).end();
      await until(() => run.written.length === i + 1 || run.told.results.has(`${i}`), 'it is written');
    }
    await run.executor.close();
    run.holdsExactly(bodies);
    assert.equal(run.archives().length, 3);
  });

  test('of a large body that is aborted, or refused, nothing is left, and others go on in its shard', async (t) => {
    const run = await start(t, { store: { maxBodySize: 3 * MIB } });
    run.store('before', [noise(1_000, 1)]);
    await until(() => run.written.length === 1, 'the first is written');
    (await run.storeLarge('aborted', cut(noise(5 * MIB, 2), 100_000).slice(0, 25))).abort();
    (await run.storeLarge('refused', cut(noise(4 * MIB, 3), 100_000))).end();
    await run.told.of('refused');
    (await run.storeLarge('large', [noise(2 * MIB, 4)])).end();
    run.store('after', [noise(1_000, 5)]);
    await run.executor.close();
    assert.equal(run.told.errorOf('refused').code, 'BODY_TOO_LARGE');
    assert.ok(!run.told.results.has('aborted'));
    assert.deepEqual(run.left, ['aborted', 'refused', 'large']);
    run.holdsExactly(
      new Map([
        ['before', noise(1_000, 1)],
        ['large', noise(2 * MIB, 4)],
        ['after', noise(1_000, 5)],
      ]),
    );
  });

  test('an image in parts is checked before it is kept', async (t) => {
    const run = await start(t, { store: { imageCheck: 'structure' } });
    (await run.storeLarge('cut.gif', cut(TINY_GIF.subarray(0, -1), 7))).end();
    (await run.storeLarge('whole.gif', cut(TINY_GIF, 7))).end();
    await run.executor.close();
    assert.equal(run.told.errorOf('cut.gif').code, 'BODY_IMAGE');
    run.holdsExactly(new Map([['whole.gif', TINY_GIF]]));
  });

  test('when a shard cannot get its name, all that is in it fails with one error, and the next ones go on', async (t) => {
    const run = await start(t, { shardSize: MIB });
    mkdirSync(join(run.settings.directory, '00000.tar'));
    for (let i = 0; i < 10; i += 1) run.store(`${i}`, [noise(150_000, i)]);
    await run.executor.close();
    const lost = [0, 1, 2, 3, 4, 5].map((i) => run.told.errorOf(`${i}`));
    for (const error of lost) assert.equal(error, lost[0]);
    assert.equal(lost[0]?.code, 'STORE_EXISTS');
    rmSync(join(run.settings.directory, '00000.tar'), { recursive: true });
    run.holdsExactly(new Map([6, 7, 8, 9].map((i) => [`${i}`, noise(150_000, i)])));
    assert.deepEqual(shardsIn(run.settings.directory), [join(run.settings.directory, '00001.tar')]);
  });

  test('when no shard can be made, each body fails', async (t) => {
    const run = await start(t);
    rmSync(run.settings.scratch, { recursive: true });
    run.store('a', [noise(100, 1)]);
    (await run.storeLarge('b', [noise(2 * MIB, 1)])).end();
    await run.executor.close();
    assert.equal(run.told.errorOf('a').cause?.code, 'ENOENT');
    assert.equal(run.told.errorOf('b').cause?.code, 'ENOENT');
  });

  test('when the thread dies, what is not sealed is lost, and told of once; another one goes on', async (t) => {
    let thread: Worker | undefined;
    const onThread = (worker: Worker): void => {
      thread = worker;
    };
    process.on('worker', onThread);
    t.after(() => process.off('worker', onThread));
    const run = await start(t);
    run.store('sealed', [noise(1_000, 1)]);
    await until(() => run.written.includes('sealed'), 'it is written');
    run.executor.seal();
    await run.told.of('sealed');
    run.store('written', [noise(1_000, 2)]);
    await until(() => run.written.includes('written'), 'it is written');
    const large = await run.storeLarge('large', cut(noise(2 * MIB, 3), 100_000));
    await thread?.terminate();
    for (const name of ['written', 'large'])
      assert.equal((await run.told.of(name)) && run.told.errorOf(name).code, 'WORKER_LOST');
    large.abort();
    run.store('after', [noise(1_000, 4)]);
    await run.executor.close();
    assert.equal(run.told.results.size, 4);
    assert.deepEqual([...bodiesIn(run.archives()).keys()], ['sealed', 'after']);
    assert.equal(shardsIn(run.settings.directory).length, 2);
  });

  test('the only shard is not sealed before it is whole, also when the thread dies while it is left', async (t) => {
    let thread: Worker | undefined;
    const onThread = (worker: Worker): void => {
      thread = worker;
    };
    process.on('worker', onThread);
    t.after(() => process.off('worker', onThread));
    const run = await start(t, { only: 5 });
    run.store('a', [noise(1_000, 1)]);
    await until(() => run.written.length === 1, 'it is written');
    const ended = thread?.terminate();
    await run.executor.close(false);
    await ended;
    assert.deepEqual(run.archives(), []);
    assert.equal(run.told.results.size, 1);
  });

  /** A folder with a shard of two bodies that was not sealed. */
  async function unsealed(t: TestContext): Promise<{ scratch: string; part: PartShard }> {
    const run = await start(t);
    for (const name of ['one', 'two']) run.store(name, [noise(1_000, 1)]);
    await run.executor.close();
    const { scratch, directory } = run.settings;
    renameSync(join(directory, '00000.tar'), join(scratch, '00000.tar.part'));
    return { scratch, part: { number: 0, end: 2 * (512 + 1_024 + 1_024), bodies: 2 } };
  }

  test('a shard that was not sealed is gone on with, also when the thread dies meanwhile, and told of', async (t) => {
    const { scratch, part } = await unsealed(t);
    let thread: Worker | undefined;
    const onThread = (worker: Worker): void => {
      thread = worker;
    };
    process.on('worker', onThread);
    t.after(() => process.off('worker', onThread));
    const run = await start(t, { parts: [part], store: { scratch } });
    run.item('one');
    run.item('two');
    run.store('lost', [noise(1_000, 2)]);
    await until(() => run.written.length === 1, 'it is written');
    await thread?.terminate();
    assert.equal((await run.told.of('lost')) && run.told.errorOf('lost').code, 'WORKER_LOST');
    run.store('three', [noise(1_000, 3)]);
    await run.executor.close();
    assert.deepEqual([...bodiesIn(run.archives()).keys()], ['one', 'two', 'three']);
    assert.deepEqual(run.takenUp, [[0, { shard: 0 }]]);
    assert.deepEqual(filesBelow(scratch), []);
  });

  test('a shard that was not sealed is told of when it cannot be gone on with, and what is new goes into others', async (t) => {
    const { scratch, part } = await unsealed(t);
    rmSync(join(scratch, '00000.tar.part'));
    const run = await start(t, { parts: [part], store: { scratch } });
    run.store('new', [noise(1_000, 2)]);
    await run.executor.close();
    assert.equal(run.takenUp.length, 1);
    assert.equal(((run.takenUp[0] as unknown[])[1] as PlainError).cause?.code, 'ENOENT');
    assert.deepEqual([...bodiesIn(run.archives()).keys()], ['new']);
  });

  test('stores nothing more once it is cancelled, and seals what is written', async (t) => {
    const run = await start(t);
    run.store('a', [noise(100, 1)]);
    await until(() => run.written.length === 1, 'it is written');
    Atomics.store(run.settings.cancelled, 0, 1);
    run.store('b', [noise(100, 2)]);
    await run.executor.close();
    assert.equal(run.told.errorOf('b').code, 'ABORTED');
    run.holdsExactly(new Map([['a', noise(100, 1)]]));
  });

  test('on slow storage 2,000 files take few writes', async (t) => {
    const run = await start(t, { store: { slow: simulate({ name: WAIT, write: WAIT }) } });
    const body = noise(11_000, 1);
    // So long that what this machine takes besides is little of it, however busy it is.
    const started = performance.now();
    for (let i = 0; i < 2_000; i += 1) run.store(`${i}`, [body]);
    await run.executor.close();
    const waits = (performance.now() - started) / WAIT;
    t.diagnostic(`as long as ${waits.toFixed(0)} waits`);
    assert.equal(bodiesIn(run.archives()).size, 2_000);
    assert.ok(waits < 1_000);
  });
});
