import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describe, test } from 'node:test';
import { STRATEGIES } from '../../src/bench/report.js';
import { toTerminal } from '../../src/bench/terminal/table.js';
import {
  ofFailures,
  ofHostileNames,
  ofList,
  ofSimulation,
  ofUnknowns,
  onMemory,
  onSlowStorage,
  REPORTS,
} from '../helpers/bench-reports.js';

/** What stands behind the name of a strategy, block by block. */
function linesOf(text: string, strategy: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${strategy} `))
    .map((line) => line.slice(strategy.length).trim());
}

describe('on a terminal', () => {
  for (const [name, report] of Object.entries(REPORTS)) {
    test(`${name}: fits into 80 columns, but for what cannot be broken`, () => {
      const text = toTerminal(report, 80, false);
      const long = text.split('\n').filter((line) => line.length > 80 && !/^ {2}sluice get |\S{60}/.test(line));
      assert.deepEqual(long, []);
      assert.doesNotMatch(text, /undefined|NaN|Infinity|\[object/);
      // Nothing but text and line ends: it may go into a pipe.
      assert.doesNotMatch(text, /[^\n\P{Other}]/u);
      assert.ok(text.endsWith('\n') && !text.endsWith('\n\n'));
    });

    test(`${name}: colours change nothing else`, () => {
      const coloured = toTerminal(report, 100, true);
      assert.ok(coloured.startsWith('\u001b[1m'));
      assert.equal(stripVTControlCharacters(coloured), toTerminal(report, 100, false));
    });
  }

  test('begins with the answer', () => {
    const text = toTerminal(onMemory, 80, false).replaceAll('\n', ' ');
    assert.ok(text.startsWith(onMemory.answer.join('  ')), text.slice(0, 300));
  });

  test('has of each strategy the figures, the ratios with their spread, a bar and the course of the run', () => {
    const text = toTerminal(onMemory, 80, false);
    for (const { strategy, filesPerSecond } of onMemory.strategies) {
      const [figures, ratios, bar, course, ...more] = linesOf(text, strategy) as [string, string, string, string];
      assert.deepEqual(more, []);
      assert.match(figures, /^[\d,]+ +[\d.]+ +[\d.]+ +[\d.,]+\/\d+ +[\d.]+ +[\d.]+\/[\d.]+ +[\d.]+ +[\d.]+$/);
      assert.ok(figures.startsWith(Math.round(filesPerSecond.median).toLocaleString('en-US')));
      assert.equal(
        ratios.match(/\d\.\d\d \(\d\.\d\d\.\.\d\.\d\d\)/g)?.length,
        /inline|sequential/.test(strategy) ? 1 : 2,
      );
      assert.match(bar, /^█+[▏▎▍▌▋▊▉]? [\d,]+$/);
      assert.match(course, /^[▁▂▃▄▅▆▇█]+ [\d.]+ +[▁▂▃▄▅▆▇█]+ \d+$/);
    }
  });

  test('ratios are those of the report', () => {
    const text = toTerminal(onSlowStorage, 80, false);
    const [, ratios] = linesOf(text, 'pool') as [string, string];
    const [inline, sequential] = onSlowStorage.ratios.filter(({ strategy }) => strategy === 'pool');
    for (const { ratio } of [inline!, sequential!]) {
      const shown = [ratio.median, ratio.least, ratio.most].map((value) => String(Math.round(value)));
      assert.ok(ratios.includes(`${shown[0]} (${shown[1]}..${shown[2]})`), ratios);
    }
  });

  test('bars are as long as their values say, to an eighth of a character', () => {
    const text = toTerminal(onMemory, 80, false);
    const lengths = onMemory.strategies.map(({ strategy, filesPerSecond }) => {
      const [bar] = linesOf(text, strategy)[2]!.split(' ') as [string];
      const eighths = Array.from(bar).reduce(
        (sum, block) => sum + (block === '█' ? 8 : 1 + '▏▎▍▌▋▊▉'.indexOf(block)),
        0,
      );
      return eighths / filesPerSecond.median;
    });
    for (const length of lengths) assert.ok(Math.abs(length / lengths[4]! - 1) < 0.01, lengths.join(' '));
    assert.doesNotMatch(text, /logarithmic/);
  });

  test('bars of values that lie far apart are on a logarithmic scale, and it says so', () => {
    const text = toTerminal(onSlowStorage, 80, false);
    assert.match(text, /files\/s, on a logarithmic scale/);
    assert.match(text, /^ +10 +100 +1k +10k$/m);
    const bars = STRATEGIES.map((strategy) => linesOf(text, strategy)[2]!.indexOf(' '));
    assert.ok(bars[0]! > 10 && bars[4]! < 5 * bars[0]!, bars.join(' '));
  });

  test('a narrow terminal gets fewer columns, a wide one more', () => {
    const [narrow, usual, wide] = [40, 80, 140].map((columns) => {
      const text = toTerminal(onMemory, columns, false);
      return text.split('\n').find((line) => line.startsWith('strategy'))!;
    }) as [string, string, string];
    assert.ok(narrow.length <= 40 && narrow.includes('files/s') && !narrow.includes('MB/s'), narrow);
    assert.ok(usual.includes('MB/s') && !usual.includes('least..most'), usual);
    assert.ok(wide.length <= 140 && wide.includes('least..most') && wide.includes('p50 ms'), wide);
  });

  test('has what was tried, and the flags on a line of their own', () => {
    const lines = toTerminal(onSlowStorage, 80, false).split('\n');
    assert.equal(
      lines.filter((line) => /^ {2}--layout \w+ --max-requests \d+ --workers \w+ +[\d,]+ files\/s$/.test(line)).length,
      6,
    );
    const command = '  sluice get --layout tar --max-requests 64 --workers 32 -d /mnt/nas/photos -i LIST';
    assert.ok(lines.includes(command));
    assert.doesNotMatch(toTerminal(onMemory, 80, false), /Tried|sluice get/);
  });

  test('says what was simulated, what was not measured cleanly and what failed', () => {
    const [first, ...others] = ofSimulation.strategies;
    const text = toTerminal({ ...ofSimulation, strategies: [{ ...first!, failed: 1200 }, ...others] }, 80, false);
    assert.match(text, /^SIMULATED: the store waited 5 ms for each name and 5 ms for each write besides\.$/m);
    assert.equal(text.match(/^- /gm)?.length, ofSimulation.doubts.length);
    assert.match(text, /^downloads that failed: sequential 1,200$/m);
  });

  test('what is not known is a dash', () => {
    const text = toTerminal(ofUnknowns, 80, false);
    const [figures, ratios] = linesOf(text, 'pool') as [string, string];
    assert.match(figures, / –\/\d+ .* – +[\d.]+$/);
    assert.match(ratios, /–$/);
    assert.equal(linesOf(text, 'sequential').length, 3);
    assert.equal(linesOf(toTerminal(ofList, 80, false), 'libuv').length, 0);
  });

  test('a strategy that stored nothing has no bar, and no ratio to it', () => {
    const text = toTerminal(ofFailures, 80, false);
    assert.equal(linesOf(text, 'inline')[2], '0');
    assert.match(linesOf(text, 'pool')[1]!, /^– +\d+ \(/);
  });

  test('control characters from outside are escaped', () => {
    const text = toTerminal(ofHostileNames, 80, false);
    assert.match(text, /\\u\{1b\}\[31m\\u\{202e\}/);
    assert.doesNotMatch(text, /[^\n\P{Other}]/u);
  });
});
