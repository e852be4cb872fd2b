/**
 * Made-up runs, two at a time: those that failed once, then fresh ones. `SLUICE_MINUTES` says for how long (default: 4),
 * `SLUICE_SEED` where to begin: with that seed, the numbers after it follow.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Tried, trySeed } from '../../made-up/trial.js';

/**
 * What a seed makes up follows from what is drawn before: who changes that makes other runs of all of these. So what a
 * seed has found has a test of its own besides, beside what was mended.
 */
const FAILED_ONCE: readonly number[] = [
  // A stopped run told of bodies as failed that had tries left.
  7017, 10_023, 10_037,
  // The rest of a body, in chunks, was taken for longer than the server had said.
  7027,
];

const AT_ONCE = 2;
const minutes = Number(process.env['SLUICE_MINUTES'] ?? 4);
const first = Number(process.env['SLUICE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const skip = process.platform === 'win32' && 'Windows has other signals';
/** Of one seed, whatever it waits for. */
const LONGEST = 10 * 60_000;

/** Tries seeds two at a time. @returns what failed */
async function tryAll(seeds: Iterator<number>, onTried: (tried: Tried) => void): Promise<string[]> {
  const failures: string[] = [];
  const work = async (): Promise<void> => {
    for (let next = seeds.next(); next.done !== true; next = seeds.next()) {
      try {
        onTried(await trySeed(next.value));
      } catch (error) {
        failures.push(`seed ${next.value}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failures;
}

function* until(deadline: number): Generator<number> {
  for (let seed = first; performance.now() < deadline; seed += 1) yield seed;
}

describe('made-up runs are sound, and so is what goes on from them:', { skip }, () => {
  test('those that failed once', { timeout: LONGEST }, async () => {
    assert.deepEqual(await tryAll(FAILED_ONCE.values(), () => undefined), []);
  });

  test(`fresh ones, from seed ${first}, for ${minutes} minutes`, { timeout: minutes * 60_000 + LONGEST }, async (t) => {
    const sum = { seeds: 0, runs: 0, requests: 0, items: 0 };
    const failures = await tryAll(until(performance.now() + minutes * 60_000), ({ runs, requests, items }) => {
      sum.seeds += 1;
      sum.runs += runs;
      sum.requests += requests;
      sum.items += items;
    });
    t.diagnostic(JSON.stringify(sum));
    assert.equal(failures.length, 0, failures.join('\n\n'));
    assert.ok(sum.seeds > 0);
  });
});
