import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { share } from '../../src/shared/file-limit.js';
import { noise } from '../helpers/bodies.js';
import { CLI } from '../helpers/cli.js';
import { limited } from '../helpers/faults.js';
import { filesBelow } from '../helpers/folders.js';
import { serveInThread } from '../helpers/http-thread.js';
import { scratch } from '../helpers/scratch.js';

const notLinux = process.platform === 'linux' ? false : 'only Linux tells how many files may be open';

test('what may be open is shared out so that all of it at once is not too much, and a run can always go on', () => {
  for (let limit = 0; limit < 5_000; limit += 7) {
    const { requests, idle, threads, writers } = share(limit, 19);
    assert.ok(Math.min(requests, idle, threads, writers) >= 1);
    if (limit >= 64) assert.ok(19 + 2 * requests + idle + 5 * threads + writers <= limit, `limit ${limit}`);
  }
  const ample = share(1 << 20, 19);
  assert.ok(ample.requests > 10_000 && ample.threads > 64 && ample.writers > 64);
});

/** Opens files until there are too many, stores one, and lets another thread close them meanwhile. */
const CROWDED = `
import { openSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
const files = await import(FILES);
const closer = new Worker(
  'const { parentPort } = require("worker_threads"); const { closeSync } = require("fs");' +
  'parentPort.on("message", (fds) => setTimeout(() => { fds.forEach((fd) => closeSync(fd)); parentPort.close(); }, 200));',
  { eval: true, execArgv: [] },
);
await new Promise((resolve) => closer.once('online', resolve));
const fds = [];
try {
  for (;;) fds.push(openSync('/dev/null'));
} catch (error) {
  process.stdout.write(error.code + ' ');
}
closer.postMessage(fds);
const settings = { directory: '.', scratch: '.' };
await files[WRITE](settings, 'final', Buffer.from('whole'));
process.stdout.write(readFileSync('final', 'utf8'));
`;

for (const write of ['writeWhole', 'writeWholeAsync']) {
  test(
    `a file that cannot be opened because too many are is opened when others are closed: ${write}`,
    { skip: notLinux },
    (t) => {
      const url = new URL('../../workers/files.js', import.meta.url).href;
      const script = CROWDED.replace('FILES', JSON.stringify(url)).replace('WRITE', JSON.stringify(write));
      const [program, ...args] = [...limited('-n 80'), process.execPath, '--input-type=module', '-e', script];
      const { stdout, stderr } = spawnSync(program, args, { cwd: scratch(t), encoding: 'utf8' });
      assert.equal(stdout, 'EMFILE whole', stderr);
    },
  );
}

describe('a run that may have 64 files open', { skip: notLinux }, () => {
  for (const layout of ['flat', 'hashed', 'tar']) {
    test(`stores 300 files of which 64 were to be requested at once, with the layout ${layout}`, async (t) => {
      const cwd = scratch(t);
      const origin = await serveInThread(t);
      writeFileSync(
        join(cwd, 'list'),
        Array.from({ length: 300 }, (_, n) => `${origin}/noise/${n}/900\t${n}\n`).join(''),
      );
      const args = ['get', '-i', 'list', '-d', 'out', '-m', '64', '--layout', layout];
      const [program, ...rest] = [...limited('-n 64'), process.execPath, CLI, ...args];
      const { stderr } = await promisify(execFile)(program as string, rest, { cwd });
      assert.match(stderr, /^\d requests at once, not more: this process may have 64 files open; see ulimit -n\.$/m);
      assert.match(stderr, /^300 files downloaded/m);
      if (layout === 'tar') return;
      const found = filesBelow(join(cwd, 'out')).filter((path) => !path.startsWith('.sluice'));
      assert.equal(found.length, 300);
      for (const path of found) {
        const name = path.split('/').at(-1) as string;
        assert.ok(readFileSync(join(cwd, 'out', path)).equals(noise(900, Number(name))), path);
      }
    });
  }
});
