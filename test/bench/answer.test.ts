import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerOf } from '../../src/bench/answer.js';
import { commandOf } from '../../src/bench/text.js';
import { toHtml } from '../../src/bench/page/html.js';
import { toTerminal } from '../../src/bench/terminal/table.js';
import { onMemory, onSlowStorage, ofSimulation } from '../helpers/bench-reports.js';

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
    assert.match(second ?? '', /not in shards, --layout hashed gave the most that was tried: 2,000 files a second/);
  });

  test('says at once that it was not measured cleanly', () => {
    const [, second] = answerOf({ ...onSlowStorage, advice, doubts: ['Only 3 rounds.'] });
    assert.equal(second, 'It was not measured cleanly: see below.');
  });

  test('says it when handing over does not pay, also when it is slower', () => {
    for (const gain of [
      { median: 0.99, least: 0.95, most: 1.05 },
      { median: 0.6, least: 0.5, most: 0.7 },
    ]) {
      const [first] = answerOf({ ...onMemory, advice: { ...advice, flags: '', gain } });
      assert.match(first ?? '', /^On this storage, handing over does not pay: the pool is 0\.\d+x/);
    }
  });

  test('claims nothing where rounds contradict each other, in no place of any report', () => {
    const asked = onMemory.work.setting;
    for (const best of [asked, { ...asked, layout: 'hashed' } as const]) {
      const unclear = { median: 1.42, least: 0.45, most: 1.6 };
      const ratios = onMemory.ratios.map((each) => (each.strategy === 'pool' ? { ...each, ratio: unclear } : each));
      const measured = { ...onMemory, ratios, advice: { ...advice, best, flags: '--max-requests 64', gain: unclear } };
      const report = { ...measured, answer: answerOf(measured) };
      const [first = '', ...more] = report.answer;
      assert.match(first, /nobody can tell whether handing over pays: rounds do not agree/);
      assert.equal(
        more.some((sentence) => sentence.startsWith('As asked for, nobody can tell')),
        best !== asked,
      );
      assert.ok(
        more.includes(
          'Against one after the other, rounds do not agree whether the pool is faster: 1.42x (0.45 to 1.60).',
        ),
      );
      assert.equal(commandOf(report), undefined);
      const pages = [toTerminal(report, Infinity, false), toHtml(report)];
      for (const page of pages) {
        assert.match(page, /Rounds do not agree whether the best/);
        assert.doesNotMatch(page, /gains \d|best (?:one )?gives|sluice get --/);
      }
    }
  });

  test('has one sentence of the pool against the main thread, where the best is what was asked for', () => {
    const toInline = onMemory.ratios.find(({ strategy, to }) => strategy === 'pool' && to === 'inline');
    const best = onMemory.work.setting;
    const answer = answerOf({ ...onMemory, advice: { ...advice, best, flags: '', gain: toInline!.ratio } });
    assert.match(answer[0] ?? '', /^On this storage, the pool by itself gains 1\.\d+x/);
    assert.deepEqual(
      answer.filter((sentence) => sentence.includes('saving on the main thread')),
      answer.slice(0, 1),
    );
  });

  test('never takes a simulated storage for a real one', () => {
    for (const sentence of answerOf({ ...ofSimulation, advice })) assert.doesNotMatch(sentence, /On this storage/);
    assert.match(answerOf({ ...ofSimulation, advice })[0] ?? '', /^On storage simulated to be slow, /);
  });
});
