/** `--durable`: what is told of as stored has been synced, its name too; and a sync that fails ends the run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { noise } from '../../helpers/bodies.js';
import { noInjection } from '../../helpers/faults.js';
import { answer, startRawServer } from '../../helpers/raw-server.js';
import { scratch } from '../../helpers/scratch.js';
import { type Bodies, Place, storedOf } from '../../helpers/soundness.js';

const timeout = 600_000;
const BODIES: Bodies = { a: noise(3_000, 1), b: noise(5_000_000, 2), c: noise(20_000, 3), d: noise(10, 4) };
const NAMES = Object.keys(BODIES);
const HOW = {
  flat: ['--layout', 'flat'],
  hashed: ['--layout', 'hashed'],
  tar: ['--layout', 'tar'],
  inline: ['--executor', 'inline'],
  libuv: ['--executor', 'libuv', '--layout', 'hashed'],
} as const;

async function serve(t: TestContext): Promise<string[]> {
  const server = await startRawServer({
    onRequest: function* ({ path }) {
      yield answer(BODIES[path.slice(1)] ?? 'no');
    },
  });
  t.after(() => server.close());
  return NAMES.map((name) => `${server.origin}/${name}`);
}

interface Call {
  readonly name: string;
  readonly path: string;
  readonly to: string;
  /** Places in the order of what was seen: when it began, and when it was over. */
  readonly began: number;
  readonly ended: number;
}

/** The calls in what `strace -f -y` wrote. */
function callsIn(text: string): Call[] {
  const calls: Call[] = [];
  const begun = new Map<string, number>();
  for (const [at, line] of text.split('\n').entries()) {
    const resumed = /^(\d+) +<\.\.\. \w+ resumed>/.exec(line);
    if (resumed !== null) {
      const index = begun.get(resumed[1] as string);
      if (index !== undefined) calls[index] = { ...(calls[index] as Call), ended: at };
      continue;
    }
    const [, pid = '', name = '', rest = ''] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    if (name === '') continue;
    const [, path = '', to = ''] =
      name === 'rename' ? (/^"(.*?)", "(.*?)"/.exec(rest) ?? []) : (/^\d+<(.*?)>/.exec(rest) ?? []);
    if (rest.includes('<unfinished')) begun.set(pid, calls.length);
    calls.push({ name, path, to, began: at, ended: rest.includes('<unfinished') ? Infinity : at });
  }
  return calls;
}

describe('files that outlast a power cut', { skip: noInjection, timeout }, () => {
  for (const [how, args] of Object.entries(HOW)) {
    test(`${how}: data before the name, the name before the journal, and the journal's own name once`, async (t) => {
      const urls = await serve(t);
      const place = new Place(t);
      const trace = join(scratch(t), 'trace');
      const calls = 'trace=fdatasync,fsync,rename,pwrite64';
      const { status, stderr } = await place.get(['--durable', '-m', '2', ...args, ...urls], {
        within: ['strace', '-f', '-y', '-qq', '-o', trace, '-e', calls],
      });
      assert.equal(status, 0, stderr);
      const seen = callsIn(readFileSync(trace, 'utf8'));
      const syncs = seen.filter(({ name }) => name === 'fsync' || name === 'fdatasync');
      const journal = join(place.directory, '.sluice', 'journal');
      const own = syncs.filter(({ path }) => path === join(place.directory, '.sluice'));
      assert.equal(own.length, 1, 'the folder of the journal');
      const renames = seen.filter(({ name, to }) => name === 'rename' && to.startsWith(place.directory));
      const named = renames.filter(({ to }) => how === 'tar' || NAMES.includes(to.slice(-1)));
      if (how === 'tar') assert.ok(named.length > 0);
      else assert.equal(named.length, NAMES.length);
      for (const { path, to, began, ended } of named) {
        const data = syncs.filter((sync) => sync.path === path && sync.ended < began);
        assert.equal(data.length, 1, `${to} was not synced before it had its name`);
        const folder = join(to, '..');
        const isSynced = (sync: Call): boolean => sync.path === folder && sync.began > ended;
        const name = syncs.find(isSynced);
        assert.ok(name !== undefined, `${folder} was not synced after it had ${to}`);
        // The first record after its name is of it or of another one: there must be one for each that is synced.
        const before = seen.filter((call) => call.name === 'pwrite64' && call.path === journal);
        assert.ok(before.some(({ began: record }) => record > name.ended));
      }
      // Each `ok` is of a file whose name was synced before: never more records than such names.
      const records = seen.filter((call) => call.name === 'pwrite64' && call.path === journal).slice(2, -1);
      for (const record of records) {
        assert.ok(
          named.some(({ to, ended }) =>
            syncs.some(
              ({ path, began, ended: done }) => path === join(to, '..') && began > ended && done < record.began,
            ),
          ),
          'a record came before the sync of any name',
        );
      }
    });
  }

  test('without it nothing is synced', async (t) => {
    const urls = await serve(t);
    const place = new Place(t);
    const trace = join(scratch(t), 'trace');
    const { status } = await place.get(urls, {
      within: ['strace', '-f', '-y', '-qq', '-o', trace, '-e', 'trace=fdatasync,fsync'],
    });
    assert.equal(status, 0);
    assert.ok(!readFileSync(trace, 'utf8').includes(place.directory));
  });
});

describe('a sync that fails', { skip: noInjection, timeout }, () => {
  /** From the call of this number in each thread on, they fail. */
  const failing = (call: string, error: string, when: string): string[] =>
    `strace -f -qq -o /dev/null -e trace=${call} -e inject=${call}:error=${error}:when=${when}`.split(' ');

  for (const how of ['flat', 'tar', 'inline'] as const) {
    const args = HOW[how];
    test(`of a file, ${how}: the run stops with status 3, and the file is not there`, async (t) => {
      const urls = await serve(t);
      const place = new Place(t);
      // What is written first is the beginning of the journal: without one it is a file.
      const { status, stderr, report } = await place.get(['--durable', '--no-journal', '-v', ...args, ...urls], {
        within: failing('fdatasync', 'EIO', '1+'),
      });
      assert.equal(status, 3, stderr);
      assert.match(stderr, /cannot sync .*: the storage failed/);
      assert.equal(report?.ok, 0);
      assert.ok((report.causes['STORE_SYNC'] ?? 0) > 0, JSON.stringify(report.causes));
      place.assertSound({});
    });
  }

  test('of the journal: the run stops with status 3, and nothing is ok of which it does not tell', async (t) => {
    const urls = await serve(t);
    const place = new Place(t);
    const { status, stderr, report } = await place.get(['--durable', ...urls], {
      within: [...failing('fdatasync', 'EIO', '1+'), '-P', join(place.directory, '.sluice', 'journal')],
    });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /cannot sync the journal .*: the storage failed/);
    assert.equal(report?.ok, 0);
  });

  test('of a folder: status 3 and no ok; the next run fetches its files again', async (t) => {
    const urls = await serve(t);
    const place = new Place(t);
    // Counted in each thread by itself: in the main thread the first one is that for the first file.
    const small = urls.filter((url) => !url.endsWith('b'));
    const { status, stderr, report } = await place.get(['--durable', '--executor', 'inline', '-m', '1', ...small], {
      within: [...failing('fsync', 'EIO', '2+'), '-P', place.directory],
    });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /cannot sync .*: the storage failed/);
    assert.deepEqual([report?.ok, report?.causes], [1, { STORE_SYNC: 1 }]);
    assert.equal(storedOf(place.directory, BODIES).length, 2);
    const again = await place.get(['--durable', ...urls]);
    assert.equal(again.status, 0, again.stderr);
    place.assertSound(BODIES);
  });

  for (const error of ['EINVAL', 'EPERM']) {
    test(`of folders that cannot be synced at all, ${error}, is none`, async (t) => {
      const urls = await serve(t);
      const place = new Place(t);
      const { status, stderr } = await place.get(['--durable', ...urls], { within: failing('fsync', error, '1+') });
      assert.equal(status, 0, stderr);
      place.assertSound(BODIES);
    });
  }
});

test(
  'with --durable and a run that was killed before: its files are synced before they count',
  { skip: noInjection, timeout },
  async (t) => {
    const urls = await serve(t);
    const place = new Place(t);
    // Ends when the journal is to be told of the first file; it has its name then.
    const killed = await place.get(['-m', '1', '--workers', '1', urls[0] as string], {
      within: [
        ...'strace -f -qq -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=SIGKILL:when=3+ -P'.split(' '),
        join(place.directory, '.sluice', 'journal'),
      ],
      // One thread writes to it, so that its calls are counted together.
      env: { UV_THREADPOOL_SIZE: '1' },
    });
    assert.notEqual(killed.status, 0);
    const file = join(place.directory, 'a');
    assert.ok(readFileSync(file).equals(BODIES['a'] as Uint8Array));
    const trace = join(scratch(t), 'trace');
    const { status, stderr } = await place.get(['--durable', urls[0] as string], {
      within: ['strace', '-f', '-y', '-qq', '-o', trace, '-e', 'trace=fdatasync,fsync,pwrite64'],
    });
    assert.equal(status, 0, stderr);
    const seen = callsIn(readFileSync(trace, 'utf8'));
    const synced = seen.findIndex(({ name, path }) => name === 'fdatasync' && path === file);
    const named = seen.findIndex(({ name, path }, at) => at > synced && name === 'fsync' && path === place.directory);
    const recorded = seen.findIndex(({ path }, at) => at > named && path.endsWith('/journal'));
    assert.ok(synced !== -1 && named > synced && recorded > named, JSON.stringify([synced, named, recorded]));
  },
);
