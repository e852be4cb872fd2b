/** What older builds called items, each on its version of Node. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calledToday } from '../../src/plan/former.js';
import { plan } from '../../src/plan/plan.js';
import type { Layout } from '../../src/protocol/settings.js';

/** A list, and what the first build made of it on Node 20 and 22: URL, and name in either layout. */
const LINES: readonly (readonly [line: string, url: string, flat: string, hashed: string])[] = [
  ['/a^b.bin', '/a^b.bin', 'a^b.bin', '3/8/a^b.bin'],
  ['/q/a^b.bin', '/q/a^b.bin', 'a^b-48bc2419.bin', '4/8/a^b-48bc2419.bin'],
  ['/z/a%5Eb.bin', '/z/a%5Eb.bin', 'a^b-a1ae206c.bin', 'a/1/a^b-a1ae206c.bin'],
  ['/t.gz/.x/./index.html', '/t.gz/.x/./index.html', 'index.html', 'c/6/index.html'],
  ['/y/index.html', '/y/index.html', 'index-af35c5e2.html', 'a/f/index-af35c5e2.html'],
  ['/s/.x/../index.html', '/s/.x/../index.html', 'index-8910c764.html', '8/9/index-8910c764.html'],
  ['/^GSPC', '/^GSPC', '^GSPC', 'd/4/^GSPC'],
  ['/given^\tname^x.bin', '/given^', 'name^x.bin', 'b/0/name^x.bin'],
  ['/g2^\tname^x.bin', '/g2^', 'name^x-dc6ea6b5.bin', 'd/c/name^x-dc6ea6b5.bin'],
  ['/x?q=a^b', '/x?q=a^b', 'x', '3/1/x'],
  ['/.x/plain', '/.x/plain', 'plain', '8/3/plain'],
];

async function itemsOf(layout: Layout): Promise<{ readonly url: string; readonly name: string }[]> {
  const items: { readonly url: string; readonly name: string }[] = [];
  const urls = LINES.map(([line]) => `http://h${line}`);
  for await (const batch of plan([{ kind: 'urls', urls, label: 'argument' }], { layout })) {
    for (const entry of batch) if (entry.kind === 'item') items.push({ url: entry.item.url, name: entry.item.name });
  }
  return items;
}

describe('an item of the first build on Node 20 or 22', () => {
  for (const [layout, column] of [
    ['flat', 2],
    ['hashed', 3],
  ] as const) {
    test(`is called what the plan calls it today, in the layout ${layout}`, async () => {
      const former = LINES.map((line) => ({ url: `http://h${line[1]}`, name: line[column] }));
      const today = await itemsOf(layout);
      assert.deepEqual(
        former.map((item) => calledToday(item) ?? item),
        today,
      );
      // So are those of the same build on Node 24 and later.
      for (const item of today) assert.equal(calledToday(item), undefined);
    });
  }

  test('is its folder’s `index.html` where its URL ended in a dot segment', () => {
    assert.deepEqual(calledToday({ url: 'http://h/.x/y/.', name: '__' }), {
      url: 'http://h/.x/y/',
      name: 'index.html',
    });
    const marked = calledToday({ url: 'http://127.0.0.1:8188//index.html/.)/.', name: 'f/2/__-f2064c64' });
    assert.deepEqual(marked, { url: 'http://127.0.0.1:8188//index.html/.)/', name: '4/a/index-4a65deed.html' });
  });
});
