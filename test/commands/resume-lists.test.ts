/** Run after run into one destination, with a list that is not the same. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { FrameWriter, itemAt, type Key, PREAMBLE, storedAt } from '../../src/journal/format.js';
import { CodeUnits } from '../../src/shared/code-units.js';
import { murmur3 } from '../../src/shared/murmur3.js';
import { warmSluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { readRecords } from '../helpers/journals.js';
import { scratch } from '../helpers/scratch.js';
import { membersOf } from '../helpers/tars.js';
import { thorough } from '../helpers/thorough.js';

/** As it was before marks were left out. */
function olderKey(url: string, name: string): Key {
  const text = new CodeUnits();
  const hash = new Uint32Array(4);
  text.load(`${url}\t${name}`);
  murmur3(text, hash);
  return { a: hash[0] as number, b: hash[1] as number, c: hash[2] as number };
}

/** Of a size that is its own: what was stored is known by that. */
const bodyOf = (path: string): string => `body of ${path}`.padEnd(20 + Number(path.split('/')[1]), '.');

describe('sluice get, with a list that has changed', () => {
  let server: Server;
  let origin: string;
  let requested: string[] = [];
  const missing = new Set<string>();
  before(async () => {
    server = createServer(({ url: path }, response) => {
      requested.push(path as string);
      if (missing.has(path as string)) response.writeHead(404).end();
      else response.end(bodyOf(path as string));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    requested = [];
    missing.clear();
  });
  after(() => server.close());

  interface Listed {
    readonly path: string;
    readonly name?: string;
  }

  const toLine = ({ path, name }: Listed): string => `${origin}${path}${name === undefined ? '' : `\t${name}`}\n`;

  /** Runs it with one list after the other. */
  const runs = async (t: TestContext, lists: readonly (readonly Listed[])[], layout: string, fails = false) => {
    const cwd = scratch(t);
    const known: string[] = [];
    for (const list of lists) {
      requested = [];
      writeFileSync(join(cwd, 'urls'), list.map(toLine).join(''));
      const { status, stderr } = await warmSluice(['get', '-i', 'urls', '-d', 'd', '--layout', layout], { cwd });
      assert.equal(status, fails && list.some(({ path }) => missing.has(path)) ? 1 : 0, stderr);
      const wanted = new Set(list.map(({ path }) => path).filter((path) => !known.includes(path)));
      assert.deepEqual(requested.toSorted(), [...wanted].toSorted());
      known.push(...[...wanted].filter((path) => !missing.has(path)));
    }
    return { cwd, known };
  };

  const bodiesIn = (directory: string, layout: string): readonly string[] => {
    const files = filesBelow(directory);
    if (layout !== 'tar') return files.map((name) => readFileSync(join(directory, name), 'utf8'));
    const members = files.flatMap((name) => [...membersOf(readFileSync(join(directory, name)))]);
    const keys = members.map(([name]) => name);
    assert.equal(new Set(keys).size, keys.length, `a key twice: ${keys.join(' ')}`);
    return members.filter(([name]) => !name.endsWith('.json')).map(([, body]) => body.toString());
  };

  // Three names for thirty URLs: most of them share one.
  const urls = Array.from({ length: 30 }, (_, at): Listed => ({ path: `/${at}/${'abc'[at % 3]}.jpg` }));

  for (const layout of ['flat', 'hashed', 'tar']) {
    test(`${layout}: asks for nothing twice and keeps all, whatever was removed, added and put elsewhere`, async (t) => {
      const list = fc.shuffledSubarray(urls, { minLength: 1 });
      const property = fc.asyncProperty(fc.array(list, { minLength: 2, maxLength: 4 }), async (lists) => {
        const { cwd, known } = await runs(t, lists, layout);
        assert.deepEqual(bodiesIn(join(cwd, 'd'), layout).toSorted(), known.map((path) => bodyOf(path)).toSorted());
      });
      await fc.assert(property, { numRuns: thorough ? 30 : 2 });
    });
  }

  test('goes on with what an older build has stored, which took a name with a mark for another item', async (t) => {
    const list = urls.filter((_, at) => at % 3 === 0);
    const { cwd } = await runs(t, [list], 'flat');
    const journal = join(cwd, 'd/.sluice/journal');
    const writer = new FrameWriter();
    readRecords(journal, {
      run: (record) => writer.run(record),
      item: (index, payload, at) => {
        const { url, name } = itemAt(payload, at);
        writer.item(index, olderKey(url, name), url, name);
      },
      stored: (index, payload, at) => writer.stored(index, storedAt(payload, at), false),
      end: (record) => writer.end(record),
    });
    writeFileSync(journal, Buffer.concat([PREAMBLE, writer.take(PREAMBLE.length)]));
    for (const next of [list, list.toReversed(), list.slice(3)]) {
      requested = [];
      writeFileSync(join(cwd, 'urls'), next.map(toLine).join(''));
      const { status, stderr } = await warmSluice(['get', '-i', 'urls', '-d', 'd'], { cwd });
      assert.equal(status, 0, stderr);
      assert.deepEqual(requested, []);
    }
    const { stdout } = await warmSluice(['status', 'd'], { cwd });
    assert.match(stdout, /^d: 10 files stored/);
  });

  test('what failed is tried again, under a name that is free', async (t) => {
    const [first, , , second] = urls as [Listed, Listed, Listed, Listed];
    missing.add(first.path);
    const { cwd } = await runs(t, [[first, second], [second], [second, first]], 'flat', true);
    missing.clear();
    writeFileSync(join(cwd, 'urls'), [first, second].map(toLine).join(''));
    const { status, stderr } = await warmSluice(['get', '-i', 'urls', '-d', 'd'], { cwd });
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      bodiesIn(join(cwd, 'd'), 'flat').toSorted(),
      [first, second].map(({ path }) => bodyOf(path)).toSorted(),
    );
  });

  test('what somebody removed is stored again, beside what has its name meanwhile', async (t) => {
    const [first, , , second] = urls as [Listed, Listed, Listed, Listed];
    const { cwd } = await runs(t, [[first]], 'flat');
    rmSync(join(cwd, 'd/a.jpg'));
    for (const [list, wanted] of [
      [[second], [second.path]],
      [[second, first], [first.path]],
      [[first, second], []],
    ] as const) {
      requested = [];
      writeFileSync(join(cwd, 'urls'), list.map(toLine).join(''));
      const { status, stderr } = await warmSluice(['get', '-i', 'urls', '-d', 'd'], { cwd });
      assert.equal(status, 0, stderr);
      assert.deepEqual(requested, wanted);
    }
    assert.equal(filesBelow(join(cwd, 'd')).length, 2);
  });

  test('a name that was asked for and is another item’s is an error, and the file stays', async (t) => {
    const [first, second] = urls as [Listed, Listed];
    const { cwd } = await runs(t, [[{ ...first, name: 'n.jpg' }]], 'flat');
    writeFileSync(join(cwd, 'urls'), toLine({ ...second, name: 'n.jpg' }));
    const { status, stderr } = await warmSluice(['get', '-i', 'urls', '-d', 'd'], { cwd });
    assert.equal(status, 1);
    assert.match(stderr, /n\.jpg is in \S+ already/);
    assert.equal(readFileSync(join(cwd, 'd/n.jpg'), 'utf8'), bodyOf(first.path));
  });

  test('a file of which the journal says nothing is an error, as ever', async (t) => {
    const [first, , , second] = urls as [Listed, Listed, Listed, Listed];
    const { cwd } = await runs(t, [[{ path: '/else' }]], 'flat');
    writeFileSync(join(cwd, 'd/a.jpg'), 'mine');
    writeFileSync(join(cwd, 'urls'), [first, second].map(toLine).join(''));
    const { status, stderr } = await warmSluice(['get', '-i', 'urls', '-d', 'd'], { cwd });
    assert.equal(status, 1);
    assert.match(stderr, /a\.jpg is in \S+ already/);
    assert.match(stderr, /^1 file downloaded/m);
    assert.equal(readFileSync(join(cwd, 'd/a.jpg'), 'utf8'), 'mine');
  });
});
