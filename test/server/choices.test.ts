import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Choice, choices, type Rates } from '../../src/server/choices.js';

function sequence(rates: Rates, seed: number, length = 10_000): Choice[] {
  const next = choices(rates, seed);
  return Array.from({ length }, () => next());
}

function share(all: readonly Choice[], is: (choice: Choice) => boolean): number {
  return all.filter(is).length / all.length;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 0.02, `${actual} is not near ${expected}`);
}

test('delays and failures come at their rates, independently, half of the failures as resets', () => {
  const all = sequence({ delayRate: 0.5, errorRate: 0.25 }, 1);
  near(
    share(all, ({ delayed }) => delayed),
    0.5,
  );
  near(
    share(all, ({ fate }) => fate === 'unavailable'),
    0.125,
  );
  near(
    share(all, ({ fate }) => fate === 'reset'),
    0.125,
  );
  near(
    share(all, ({ delayed, fate }) => delayed && fate !== 'answer'),
    0.125,
  );
});

test('a rate of 0 is never, a rate of 1 is always', () => {
  assert.ok(sequence({ delayRate: 0, errorRate: 0 }, 2).every(({ delayed, fate }) => !delayed && fate === 'answer'));
  assert.ok(sequence({ delayRate: 1, errorRate: 1 }, 2).every(({ delayed, fate }) => delayed && fate !== 'answer'));
});

test('a seed repeats its sequence, another seed gives another', () => {
  const rates = { delayRate: 0.5, errorRate: 0.25 };
  assert.deepEqual(sequence(rates, 3), sequence(rates, 3));
  assert.notDeepEqual(sequence(rates, 3), sequence(rates, 4));
});

test('another rate of delays leaves the failures where they were', () => {
  const fates = (delayRate: number): string[] => sequence({ delayRate, errorRate: 0.25 }, 5).map(({ fate }) => fate);
  assert.deepEqual(fates(0), fates(0.9));
});
