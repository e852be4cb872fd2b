/** The page as text; how it looks in a browser is in long/browser.test.ts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { PAGE_POLICY, pageOf } from '../../src/page/view/html.js';
import { partsOf } from '../../src/page/view/parts.js';
import { begun, halfway } from '../helpers/snapshots.js';

const RUNS = { halfway, begun, ended: { ...halfway, run: { ...halfway.run, whole: true } } };

describe('the page of a run', () => {
  for (const [name, snapshot] of Object.entries(RUNS)) {
    test(`${name}: asks for nothing else, and what is text from elsewhere is text`, () => {
      const html = pageOf(snapshot);
      assert.equal(html.match(/<script/g)?.length, 1);
      assert.doesNotMatch(html, /<(?:iframe|object|embed|img|video|audio|base|form)\b|@import|url\((?!#p-)/);
      assert.doesNotMatch(html, /<[^>]*\s(?:on\w+|style)=/);
      assert.deepEqual(html.match(/<link[^>]*>/g), ['<link rel="icon" href="data:,">']);
      assert.doesNotMatch(html.replace(/<script>[\s\S]*<\/script>/, ''), /undefined|NaN|Infinity|\[object/);
    });

    test(`${name}: its policy lets its own style and script run, and no other`, () => {
      const html = pageOf(snapshot);
      for (const [what, tag] of [
        ['script-src', 'script'],
        ['style-src', 'style'],
      ] as const) {
        const [, text = ''] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html) ?? [];
        const hash = createHash('sha256').update(text).digest('base64');
        assert.ok(PAGE_POLICY.includes(`${what} 'sha256-${hash}';`), what);
      }
      assert.doesNotMatch(PAGE_POLICY, /unsafe/);
    });

    test(`${name}: has a place for each part that changes, with that part in it`, () => {
      const html = pageOf(snapshot);
      for (const [id, text] of Object.entries(partsOf(snapshot)))
        assert.ok(html.includes(`id="${id}"`) && html.includes(text), id);
    });
  }

  test('has the numbers of the snapshot where they stand in it', () => {
    const html = Object.values(partsOf(halfway)).join('');
    const found = [...html.matchAll(/data-figure="([^"]+)" data-value="([^"]+)"/g)];
    assert.ok(found.length > 25, String(found.length));
    for (const [, figure = '', value = ''] of found) {
      if (figure === 'run.timeline.bound') continue;
      const its = figure.split('.').reduce<unknown>((of, key) => (of as Record<string, unknown>)[key], halfway);
      assert.equal(value.replaceAll('&quot;', '"'), JSON.stringify(its), figure);
    }
  });
});
