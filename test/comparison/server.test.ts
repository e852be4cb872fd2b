import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { findNginx, type Server, startNginx, startNode } from '../../src/comparison/server.js';
import { scratch } from '../helpers/scratch.js';

const nginx = findNginx();
const LARGE = Buffer.alloc(3_000_000, 'large');

interface Kind {
  readonly name: string;
  readonly skip: string | false;
  readonly title: RegExp;
  readonly start: (folder: string, work: string) => Promise<Server>;
}

const KINDS: readonly Kind[] = [
  { name: 'Node', skip: false, title: /^a Node server$/, start: (folder) => startNode(folder, 0) },
  {
    name: 'nginx',
    skip: nginx === undefined ? 'needs nginx' : false,
    title: /^nginx \d+\.\d+/,
    start: (folder, work) => startNginx(nginx as string, folder, work),
  },
];

/** Folders with what shells and nginx read otherwise in their names. */
function folders(t: TestContext): { folder: string; work: string } {
  const home = join(scratch(t), `a "quoted" folder`);
  const folder = join(home, 'files');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'small.bin'), 'small');
  writeFileSync(join(folder, 'large.bin'), LARGE);
  return { folder, work: join(home, 'work') };
}

for (const { name, skip, title, start } of KINDS) {
  describe(`the server of ${name}`, { skip }, () => {
    test('serves a folder until it is stopped', async (t) => {
      const { folder, work } = folders(t);
      const server = await start(folder, work);
      t.after(() => server.stop());
      assert.match(server.title, title);
      const small = await fetch(`${server.base}/small.bin`);
      assert.equal(small.headers.get('content-length'), '5');
      assert.equal(await small.text(), 'small');
      const large = await fetch(`${server.base}/large.bin`);
      assert.equal(large.headers.get('content-length'), String(LARGE.length));
      assert.ok(LARGE.equals(Buffer.from(await large.arrayBuffer())));
      assert.equal((await fetch(`${server.base}/other.bin`)).status, 404);
      await server.stop();
      await assert.rejects(fetch(`${server.base}/small.bin`));
      await server.stop();
    });
  });
}

test('a server that does not start is an error that tells why', async (t) => {
  const { folder, work } = folders(t);
  // Node is a program that nginx's options mean nothing to.
  await assert.rejects(startNginx(process.execPath, folder, work), { message: 'nginx did not start', hint: /node: / });
  await assert.rejects(startNode(join(folder, 'absent'), 0), { message: 'the Node server did not start' });
});

test('the Node server lets requests wait, all at once', async (t) => {
  const server = await startNode(folders(t).folder, 100);
  t.after(() => server.stop());
  assert.equal(server.title, 'a Node server that answers after 100 ms');
  const one = await duration(() => fetch(`${server.base}/small.bin`));
  const all = await duration(() => Promise.all(Array.from({ length: 50 }, () => fetch(`${server.base}/small.bin`))));
  // A timer may fire a fraction of a millisecond early.
  assert.ok(one >= 99, String(one));
  assert.ok(all < 25 * one, `${all} for 50, ${one} for one`);
});

async function duration(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
