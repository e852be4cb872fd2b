/** The page as text; how it looks in a browser is in browser.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHtml } from '../../src/bench/page/html.js';
import { STRATEGIES } from '../../src/bench/report.js';
import { count, number, short } from '../../src/charts/numbers.js';
import {
  ofHostileNames,
  ofList,
  ofSimulation,
  ofUnknowns,
  onMemory,
  onSlowStorage,
  REPORTS,
  withDecoding,
} from '../helpers/bench-reports.js';

function embedded(html: string): unknown {
  const [, json] = /<script type="application\/json" id="report">(.*)<\/script>/.exec(html) ?? [];
  return JSON.parse(json ?? 'null');
}

/** What is read, without markup. */
function textOf(html: string): string {
  const body = html.slice(html.indexOf('<main>'), html.indexOf('</main>'));
  return body
    .replaceAll(/<title>[^<]*<\/title>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

describe('the page', () => {
  for (const [name, report] of Object.entries(REPORTS)) {
    test(`${name}: holds the very report, and nothing that runs or is requested`, () => {
      const html = toHtml(report);
      // As JSON has it, in which no number is null.
      assert.deepEqual(embedded(html), JSON.parse(JSON.stringify(report)));
      assert.equal(html.match(/<script/g)?.length, 1);
      assert.doesNotMatch(html, /<(?:iframe|object|embed|img|video|audio|base|form)\b|url\(|@import/);
      assert.doesNotMatch(html, /<[^>]*\son\w+=/);
      assert.deepEqual(html.match(/<link[^>]*>/g), ['<link rel="icon" href="data:,">']);
      assert.match(
        html,
        /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';/,
      );
      assert.doesNotMatch(html, /undefined|NaN|Infinity|\[object/);
    });
  }

  test('begins with the sentence that answers, then the flags', () => {
    const text = textOf(toHtml(onSlowStorage));
    const [answer] = onSlowStorage.answer as [string];
    const command = 'sluice get --layout tar --max-requests 64 --workers 32 -d /mnt/nas/photos -i LIST';
    const places = ['sluice bench', answer, onSlowStorage.answer[2]!, command, 'Files a second'];
    const found = places.map((part) => text.replaceAll(/ (?=,)/g, '').indexOf(part));
    assert.ok(
      found.every((at, index) => at > (found[index - 1] ?? -1)),
      `${found.join(' ')} in ${text.slice(0, 600)}`,
    );
  });

  test('tells of each strategy that was asked for, and of no other', () => {
    const html = toHtml(ofList);
    const named = new Set([...html.matchAll(/data-strategy="(\w+)"/g)].map(([, name]) => name));
    assert.deepEqual([...named], ['inline', 'pool']);
    assert.match(textOf(html), /the list urls\.txt/);
    assert.deepEqual(
      STRATEGIES.filter((strategy) => !toHtml(onMemory).includes(`data-strategy="${strategy}"`)),
      [],
    );
  });

  test('says loudly what was simulated and what was not measured cleanly', () => {
    const html = toHtml(ofSimulation);
    assert.match(html, /<strong>Simulated<\/strong>/);
    assert.match(textOf(html), /5 ms for each name and 5 ms for each write/);
    for (const doubt of ofSimulation.doubts) assert.ok(textOf(html).includes(doubt.split(' --')[0]!), doubt);
    assert.doesNotMatch(toHtml(onMemory), /class="simulated"|class="doubts"/);
  });

  test('says that the scale is logarithmic where it is', () => {
    assert.match(textOf(toHtml(onSlowStorage)), /scale is logarithmic: each line is ten times/);
    assert.doesNotMatch(textOf(toHtml(withDecoding)), /each line is ten times/);
  });

  test('shows what is not known as not known', () => {
    const html = toHtml(ofUnknowns);
    assert.doesNotMatch(html, /data-figure="(?:cpuMain|storeDelay|storage)/);
    assert.doesNotMatch(html, /Last byte to stored|Storage time/);
    assert.match(textOf(html), /too short to be drawn.*CPU, main thread s – – – – –/);
  });

  test('names no flags where sluice get does the best by itself', () => {
    const html = toHtml(withDecoding);
    assert.doesNotMatch(html, /class="command"/);
    assert.match(textOf(html), /gives 1\.07× \(1\.02\.\.1\.12\) as many .* It is what sluice get does by itself/);
  });

  test('shows markup and control characters from outside as text', () => {
    const html = toHtml(ofHostileNames);
    assert.doesNotMatch(html, /<img|<b>\)/);
    assert.doesNotMatch(html, /[^\n\P{Other}]/u);
    assert.match(
      html,
      /&lt;\/script&gt;&lt;img src=x onerror=&quot;alert\(1\)&quot;&gt;&amp;amp;\\u\{1b\}\[31m\\u\{202e\}/,
    );
    // A name that cannot be shown cannot be copied either.
    assert.match(textOf(html), /--workers 32 -d DIR -i LIST/);
  });
});

describe('numbers', () => {
  test('have two or three digits', () => {
    const values = [0, 0.0001, 0.0123, 0.0996, 0.5, 0.996, 1.234, 9.996, 12.34, 99.96, 1234.5, 13_940, NaN];
    const shown = [
      '0',
      '<0.001',
      '0.012',
      '0.10',
      '0.50',
      '1.00',
      '1.23',
      '10.0',
      '12.3',
      '100',
      '1,235',
      '13,940',
      '–',
    ];
    assert.deepEqual(values.map(number), shown);
  });

  test('on axes are as short as can be', () => {
    const shown = ['0', '0.01', '2.5', '500', '1k', '2.5k', '20k', '1M'];
    assert.deepEqual([0, 0.01, 2.5, 500, 1000, 2500, 20_000, 1e6].map(short), shown);
    assert.equal(count(63), '63');
  });
});
