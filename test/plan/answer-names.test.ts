import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/item.js';
import { addressOf } from '../../src/plan/address.js';
import { type AnswerRules, nameByAnswer } from '../../src/plan/answer-names.js';
import { markedFor } from '../../src/plan/names.js';

const ALL: AnswerRules = {
  contentDisposition: true,
  trustServerNames: true,
  adjustExtension: true,
  directories: false,
  base: 0,
};
const URL = 'http://localhost/dir/page?id=1';

function itemCalled(name: string, more: Partial<Item> = {}): Item {
  return { index: 0, name, ...addressOf(URL), ...more };
}

describe('the name that an answer gives', () => {
  const told = { url: URL, disposition: 'attachment; filename=told.txt', contentType: 'text/plain' };

  test('is that of Content-Disposition, then of the end of redirects, with the extension last', () => {
    const item = itemCalled('page');
    const redirected = { ...told, url: 'http://localhost/elsewhere/end.php' };
    assert.equal(nameByAnswer(item, redirected, ALL), 'told.txt');
    assert.equal(nameByAnswer(item, { ...redirected, disposition: '' }, ALL), 'end.php.txt');
    assert.equal(nameByAnswer(item, { ...redirected, disposition: 'attachment; filename=".."' }, ALL), 'end.php.txt');
    assert.equal(nameByAnswer(item, { ...told, disposition: '' }, ALL), 'page.txt');
    const none = { ...ALL, contentDisposition: false, trustServerNames: false, adjustExtension: false };
    assert.equal(nameByAnswer(item, redirected, none), 'page');
  });

  test('is not asked for where a list has said it; a template’s gets the extension only, but for those of -x', () => {
    assert.equal(nameByAnswer(itemCalled('a/given', { named: 'list' }), told, ALL), 'a/given');
    const templated = itemCalled('a/0', { named: 'template' });
    assert.equal(nameByAnswer(templated, told, ALL), 'a/0.txt');
    assert.equal(nameByAnswer(templated, told, { ...ALL, directories: true }), 'a/told.txt');
  });

  test('is in the folder that the item has, of the layout, too', () => {
    assert.equal(nameByAnswer(itemCalled('3/a/page'), told, { ...ALL, base: 4 }), '3/a/told.txt');
    const hostile = { ...told, disposition: 'attachment; filename="../../.sluice"' };
    assert.equal(nameByAnswer(itemCalled('3/a/page'), hostile, { ...ALL, base: 4 }), '3/a/_.sluice');
  });

  test('that is the one of its URL leaves the mark that the item may have', () => {
    const marked = markedFor('page', URL);
    const same = { ...told, disposition: 'attachment; filename=page', contentType: '' };
    assert.equal(nameByAnswer(itemCalled(marked), same, ALL), marked);
  });

  test('of a mirror is not taken for one of a redirect', () => {
    const mirror = 'http://127.0.0.1/copy/page.bin';
    const { origin, path } = addressOf(mirror);
    const item = itemCalled('page', { origin, path, mirror });
    assert.equal(nameByAnswer(item, { url: mirror, disposition: '', contentType: '' }, ALL), 'page');
  });
});
