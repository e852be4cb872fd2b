import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerOf, findingOf } from '../../src/bench/answer.js';
import { onMemory, onSlowStorage, ofSimulation } from '../helpers/bench-reports.js';

describe('a ratio', () => {
  test('gains or loses only when all rounds agree, by more than anybody would overlook', () => {
    assert.equal(findingOf({ median: 11, least: 10, most: 12 }), 'gains');
    assert.equal(findingOf({ median: 1.2, least: 1.1, most: 1.3 }), 'gains');
    assert.equal(findingOf({ median: 0.8, least: 0.7, most: 0.9 }), 'loses');
    assert.equal(findingOf({ median: 1.2, least: 0.95, most: 1.4 }), 'neither');
    assert.equal(findingOf({ median: 0.8, least: 0.7, most: 1.01 }), 'neither');
    assert.equal(findingOf({ median: 1.03, least: 1.01, most: 1.04 }), 'neither');
    assert.equal(findingOf({ median: 0.97, least: 0.96, most: 0.99 }), 'neither');
  });
});

describe('the answer', () => {
  const advice = {
    seconds: 60,
    tried: [
      { setting: { layout: 'flat', requests: 16, workers: 'auto' }, filesPerSecond: 180 },
      { setting: { layout: 'hashed', requests: 16, workers: 'auto' }, filesPerSecond: 2000 },
      { setting: { layout: 'tar', requests: 16, workers: 'auto' }, filesPerSecond: 3900 },
    ],
    best: { layout: 'tar', requests: 16, workers: 'auto' },
    flags: '--layout tar',
    gain: { median: 37.4, least: 35, most: 39 },
  } as const;

  test('begins with what gains, and how much', () => {
    const [first] = answerOf({ ...onSlowStorage, advice });
    assert.equal(first, 'On this storage, --layout tar gains 37.4x (35.0 to 39.0) over saving on the main thread.');
  });

  test('tells of the fastest that keeps files, where shards are faster', () => {
    const [, second] = answerOf({ ...onSlowStorage, advice, doubts: [] });
    assert.match(second ?? '', /not in shards, --layout hashed was the fastest: 2,000 files a second/);
  });

  test('says at once that it was not measured cleanly', () => {
    const [, second] = answerOf({ ...onSlowStorage, advice, doubts: ['Only 3 rounds.'] });
    assert.equal(second, 'It was not measured cleanly: see below.');
  });

  test('says it when handing over does not pay, also when it is slower', () => {
    for (const gain of [
      { median: 0.99, least: 0.9, most: 1.1 },
      { median: 0.6, least: 0.5, most: 0.7 },
    ]) {
      const [first] = answerOf({ ...onMemory, advice: { ...advice, flags: '', gain } });
      assert.match(first ?? '', /^On this storage, handing over does not pay: the pool is 0\.\d+x/);
    }
  });

  test('never takes a simulated storage for a real one', () => {
    for (const sentence of answerOf({ ...ofSimulation, advice })) assert.doesNotMatch(sentence, /On this storage/);
    assert.match(answerOf({ ...ofSimulation, advice })[0] ?? '', /^On storage simulated to be slow, /);
  });
});
