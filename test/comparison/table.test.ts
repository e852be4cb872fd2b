import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Race, ratio, rowsOf, type Run, toMarkdown } from '../../src/comparison/table.js';

function run(contestant: string, round: number, more: Partial<Run> = {}): Run {
  return { contestant, round, right: 100, wall: 1, cpu: 0.5, peak: 10e6, status: 0, complaint: '', ...more };
}

function raceOf(runs: readonly Run[], more: Partial<Race> = {}): Race {
  return { title: '**fast**: it all', files: 100, fileSize: undefined, notes: [], runs, ...more };
}

describe('the ratio', () => {
  test('compares what ran in the same round, in whatever order it ran', () => {
    const mine = [run('a', 1, { wall: 1 }), run('a', 2, { wall: 10 }), run('a', 3, { wall: 2 })];
    const other = [run('b', 3, { wall: 8 }), run('b', 2, { wall: 20 }), run('b', 1, { wall: 3 })];
    assert.deepEqual(ratio(mine, other), { median: 3, least: 2, most: 4 });
  });

  test('is below 1 where the other is faster', () => {
    assert.equal(ratio([run('a', 1, { wall: 2 })], [run('b', 1, { wall: 1 })]).median, 0.5);
  });

  test('counts whole files: who brings half of them in half of the time is no faster', () => {
    assert.equal(ratio([run('a', 1)], [run('b', 1, { wall: 0.5, right: 50 })]).median, 1);
  });

  test('is infinite for one that brought nothing', () => {
    assert.equal(ratio([run('a', 1)], [run('b', 1, { right: 0 })]).median, Infinity);
  });
});

describe('the rows', () => {
  test('hold medians, the worst count of files, and no ratio for the one that all are compared with', () => {
    const runs = [
      run('a', 1, { wall: 1, cpu: 1, peak: 1e6 }),
      run('b', 1, { wall: 4, cpu: 3, peak: 3e6, right: 99 }),
      run('b', 2, { wall: 2, cpu: 5, peak: 5e6 }),
      run('a', 2, { wall: 1, cpu: 2, peak: 2e6 }),
    ];
    const [a, b] = rowsOf(raceOf(runs), 'a');
    assert.deepEqual(a, { contestant: 'a', rate: 100, wall: 1, cpu: 1.5, peak: 1.5e6, right: 100, ratio: undefined });
    const rate = (99 / 4 + 100 / 2) / 2;
    assert.deepEqual(
      { ...b, ratio: undefined },
      { contestant: 'b', rate, wall: 3, cpu: 4, peak: 4e6, right: 99, ratio: undefined },
    );
    assert.equal(b?.ratio?.least, 2);
  });

  test('tell the rate in bytes where the files have a size', () => {
    assert.equal(rowsOf(raceOf([run('a', 1, { wall: 2, right: 4 })], { fileSize: 1000 }), 'a')[0]?.rate, 2000);
  });
});

describe('the table', () => {
  test('is Markdown whose columns stand under each other', () => {
    const runs = [run('sluice', 1, { wall: 0.1 }), run('curl', 1, { wall: 0.05 })];
    assert.equal(
      toMarkdown(raceOf(runs, { notes: ['curl makes 300 requests at once at the most'] }), 'sluice'),
      `**fast**: it all

|        | files/s | wall s | CPU s | peak MB | right | sluice is faster by |
| ------ | ------: | -----: | ----: | ------: | ----: | ------------------: |
| sluice |   1,000 |   0.10 |  0.50 |      10 |   100 |                     |
| curl   |   2,000 |   0.05 |  0.50 |      10 |   100 |   0.50 (0.50..0.50) |

- curl makes 300 requests at once at the most
`,
    );
  });

  test('marks a run that lacks files, with how it ended and the last of its complaints', () => {
    const lacking = run('curl', 2, { right: 7, status: 28, complaint: 'one\ncurl: (28) timed | out' });
    const text = toMarkdown(raceOf([run('sluice', 1), run('sluice', 2), run('curl', 1), lacking]), 'sluice');
    assert.match(text, /^\| curl .*\| \*\*7 of 100\*\* \|/m);
    assert.match(text, /^- curl brought 7 of 100 files in round 2 and ended with 28: curl: {2}28 {2}timed {3}out$/m);
  });

  test('says that a run was killed', () => {
    const text = toMarkdown(raceOf([run('sluice', 1, { right: 0, status: null, cpu: NaN })]), 'sluice');
    assert.match(text, /round 1 and was killed$/m);
  });

  test('tells what nobody measured as unknown, and MB/s of large files', () => {
    const runs = [run('sluice', 1, { peak: undefined, cpu: NaN, right: 4 })];
    const text = toMarkdown(raceOf(runs, { files: 4, fileSize: 5e6 }), 'sluice');
    assert.match(text, /^\| +\| MB\/s \|/m);
    assert.match(text, /^\| sluice \| +20 \| +1\.00 \| +– \| +– \| +4 \|/m);
  });
});
