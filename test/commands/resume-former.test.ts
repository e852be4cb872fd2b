/** What older builds have begun, each on its version of Node, is gone on with. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { failureAt, FrameWriter, itemAt, PREAMBLE, storedAt } from '../../src/journal/format.js';
import { keyOf } from '../../src/journal/state-index.js';
import { CodeUnits } from '../../src/shared/code-units.js';
import { murmur3 } from '../../src/shared/murmur3.js';
import { hashedFolder, hexHash } from '../../src/plan/names.js';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { readRecords } from '../helpers/journals.js';
import { scratch } from '../helpers/scratch.js';

/** Paths as they are in the list, and as today's plan and the parsers of Node 24 have them. */
const PATHS = new Map([
  ['/a^b.bin', '/a%5Eb.bin'],
  ['/q/a^b.bin', '/q/a%5Eb.bin'],
  ['/t/.x/./index.html', '/t/.x/index.html'],
  ['/missing^', '/missing%5E'],
  ['/plain', '/plain'],
]);

function folderOf(url: string): string {
  const text = new CodeUnits();
  const hash = new Uint32Array(4);
  text.load(url);
  murmur3(text, hash);
  return hashedFolder(hash);
}

/** Makes of a destination what the first build would have made of it on Node 20. */
function asOnNode20(directory: string, origin: string, ended = true): void {
  const journal = join(directory, '.sluice', 'journal');
  const former = new Map([...PATHS].map(([before, today]) => [origin + today, origin + before]));
  const writer = new FrameWriter();
  const moves: (() => void)[] = [];
  // A shard tells the names of its items itself: there they stay.
  let shards = false;
  readRecords(journal, {
    run: (record) => {
      shards = record.layout === 'tar';
      writer.run(record);
    },
    item: (_index, payload, at) => {
      const item = itemAt(payload, at);
      const url = former.get(item.url) as string;
      const own = item.name.slice(item.name.lastIndexOf('/') + 1).replace(hexHash(item.url), hexHash(url));
      const name = shards ? item.name : item.name.includes('/') ? folderOf(url) + own : own;
      writer.item(item.index, keyOf(url, name), url, name);
      if (name === item.name) return;
      moves.push(() => {
        mkdirSync(join(directory, dirname(name)), { recursive: true });
        renameSync(join(directory, item.name), join(directory, name));
      });
    },
    stored: (index, payload, at) => {
      const { unproven, ...file } = storedAt(payload, at);
      if (ended) writer.stored(index, file, unproven);
    },
    failed: (index, payload, at) => writer.failed(index, failureAt(payload, at)),
    end: (record) => writer.end(record),
  });
  for (const move of moves) {
    try {
      move();
    } catch {
      // Of what was not found there is no file.
    }
  }
  writeFileSync(journal, Buffer.concat([PREAMBLE, writer.take(PREAMBLE.length)]));
}

describe('a destination of the first build on Node 20', () => {
  let server: Server;
  let origin: string;
  let requested: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      requested.push(request.url as string);
      if (request.url?.startsWith('/missing') === true) response.writeHead(404).end();
      else response.end(`body of ${request.url}`);
    });
    // The port is part of what is hashed: of some 250 one gives a file the same folder under both of its URLs.
    do {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    } while (folderOf(`${origin}/a^b.bin`) === folderOf(`${origin}/a%5Eb.bin`));
  });
  after(() => server.close());

  const get = async (cwd: string, layout: string): Promise<Ran> => {
    requested = [];
    return warmSluice(['get', ...[...PATHS.keys()].map((path) => origin + path), '-d', 'd', '--layout', layout], {
      cwd,
    });
  };
  const report = async (cwd: string, command: string): Promise<string> =>
    (await warmSluice([command, 'd'], { cwd })).stdout;

  for (const layout of ['flat', 'hashed', 'tar']) {
    test(`${layout}: is gone on with, nothing is downloaded again, and each item is known once`, async (t) => {
      const cwd = scratch(t);
      await get(cwd, layout);
      const today = filesBelow(join(cwd, 'd'));
      asOnNode20(join(cwd, 'd'), origin);
      const before = filesBelow(join(cwd, 'd'));
      if (layout !== 'tar') assert.notDeepEqual(before, today);
      for (let run = 0; run < 2; run += 1) {
        const { status, stderr } = await get(cwd, layout);
        assert.equal(status, 1, stderr);
        assert.deepEqual(requested, ['/missing%5E']);
        assert.match(stderr, /4 files of an earlier run are there/);
        assert.deepEqual(filesBelow(join(cwd, 'd')), before);
      }
      assert.match(await report(cwd, 'status'), /4 files stored.*\n1 not found\./);
      assert.match(await report(cwd, 'verify'), /^4 files right, .*; 0 wrong\.$/m);
      requested = [];
      await warmSluice(['retry', 'd'], { cwd });
      assert.deepEqual(requested, ['/missing%5E']);
      assert.match(await report(cwd, 'status'), /4 files stored.*\n1 not found\./);
    });
  }

  test('that was killed before it wrote down what it had stored is gone on with, too', async (t) => {
    const cwd = scratch(t);
    await get(cwd, 'hashed');
    asOnNode20(join(cwd, 'd'), origin, false);
    for (let run = 0; run < 2; run += 1) {
      await get(cwd, 'hashed');
      assert.deepEqual(requested, ['/missing%5E']);
    }
    assert.match(await report(cwd, 'verify'), /^4 files right, .*; 0 wrong\.$/m);
  });

  test('whose file was changed since has it downloaded again, to where it belongs today', async (t) => {
    const cwd = scratch(t);
    await get(cwd, 'hashed');
    const today = filesBelow(join(cwd, 'd')).find((path) => path.endsWith('/a^b.bin')) as string;
    asOnNode20(join(cwd, 'd'), origin);
    const before = filesBelow(join(cwd, 'd')).find((path) => path.endsWith('/a^b.bin')) as string;
    assert.notEqual(before, today);
    appendFileSync(join(cwd, 'd', before), 'changed');
    await get(cwd, 'hashed');
    assert.deepEqual(requested.toSorted(), ['/a%5Eb.bin', '/missing%5E']);
    await get(cwd, 'hashed');
    assert.deepEqual(requested, ['/missing%5E']);
    assert.ok(filesBelow(join(cwd, 'd')).includes(today));
    assert.match(await report(cwd, 'verify'), /^4 files right, .*; 0 wrong\.$/m);
  });
});
