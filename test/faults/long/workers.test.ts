/** Worker threads that die under the whole command: what they had is fetched again, and the run goes on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { noise } from '../../helpers/bodies.js';
import { answer, startRawServer } from '../../helpers/raw-server.js';
import { type Bodies, Place } from '../../helpers/soundness.js';
import { thorough } from '../../helpers/thorough.js';
import { bodiesIn, shardsIn } from '../../helpers/tars.js';

const POISON = new URL('../../helpers/poison.js', import.meta.url).href;
const COUNT = 300;
const timeout = 600_000;

const GOOD: Bodies = Object.fromEntries(Array.from({ length: COUNT }, (_, n) => [`${n}`, noise(1_000, n)]));

/** Downloads good items and, in their midst, one that ends the thread that stores it. */
async function run(t: { after(fn: () => void): void }, how: string, flags: readonly string[], ...options: string[]) {
  const poison = `poison-${how}`;
  await using server = await startRawServer({ onRequest: ({ path }) => [answer(GOOD[path.slice(1)] ?? 'poison')] });
  const place = new Place(t);
  const ran = await place.get(['-i', '-', ...options], {
    input: Object.keys(GOOD)
      .toSpliced(COUNT / 2, 0, poison)
      .map((name) => `${server.origin}/${name}\n`)
      .join(''),
    flags,
    // Every thread obeys the environment; not all of them inherit flags.
    env: { NODE_OPTIONS: `--import ${POISON}` },
  });
  const asked = server.requests.filter(({ path }) => path === `/${poison}`).length;
  return { ...ran, place, asked, requests: server.requests.length };
}

const ENDS: readonly [how: string, flags: readonly string[]][] = [
  ['exit', []],
  ['heap', ['--max-old-space-size=48']],
];

for (const [how, flags] of thorough ? ENDS : ENDS.slice(0, 1)) {
  test(
    `a worker that ends by ${how}: its items are fetched again once; the one at fault fails, alone`,
    { timeout },
    async (t) => {
      const { status, stderr, report, asked, place } = await run(t, how, flags);
      assert.equal(status, 1, stderr);
      assert.match(stderr, new RegExp(`poison-${how}: the worker that stored this file ended unexpectedly`));
      assert.deepEqual([report?.ok, report?.causes], [COUNT, { WORKER_LOST: 1 }]);
      assert.equal(asked, 2);
      place.assertSound(GOOD);
    },
  );
}

test(
  'a worker that ends after its task: what it had just begun may be lost with it, and nothing else',
  { timeout },
  async (t) => {
    const { status, stderr, report, place } = await run(t, 'throw', []);
    const lost = report?.errors ?? 0;
    assert.ok(lost <= 2, stderr);
    assert.deepEqual([status, report?.ok], [lost === 0 ? 0 : 1, COUNT + 1 - lost]);
    place.assertSound({ ...GOOD, 'poison-throw': Buffer.from('poison') }, { some: lost > 0 });
  },
);

test(
  'the thread that writes shards ends: what was not sealed is fetched again once, and a new thread goes on',
  { timeout },
  async (t) => {
    const { status, stderr, report, asked, place } = await run(t, 'exit', [], '--layout', 'tar', '-v');
    assert.equal(status, 1, stderr);
    assert.match(stderr, /poison-exit: the thread that wrote the shards ended unexpectedly/);
    assert.equal(asked, 2);
    // The one at fault, and those that came in the same few milliseconds, twice.
    const lost = report?.causes['WORKER_LOST'] ?? 0;
    assert.ok(lost > 0 && lost < COUNT / 5, `${lost} were lost`);
    assert.equal(report?.errors, lost);
    const found = bodiesIn(shardsIn(place.directory).map((path) => readFileSync(path)));
    assert.equal(found.size, report?.ok);
    for (const [name, { body }] of found) assert.deepEqual(body, GOOD[name], name);
    place.assertSurroundings();
  },
);
