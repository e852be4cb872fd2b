import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { adjustExtension } from '../../src/plan/extensions.js';
import { isItemName } from '../../src/plan/paths.js';

describe('the extension of a type', () => {
  const rows: readonly [name: string, type: string, expected: string][] = [
    // None: it is added.
    ['download', 'application/pdf', 'download.pdf'],
    ['page', 'text/html; charset=utf-8', 'page.html'],
    ['a/b.d/c', 'IMAGE/PNG', 'a/b.d/c.png'],
    ['tile', 'image/avif', 'tile.avif'],
    ['icon', 'image/vnd.microsoft.icon', 'icon.ico'],
    // That of another type, or of a program: it is added after it.
    ['page.asp', 'text/html', 'page.asp.html'],
    ['page.PHP', 'application/json', 'page.PHP.json'],
    ['photo.png', 'image/webp', 'photo.png.webp'],
    ['paper.pdf', 'text/html', 'paper.pdf.html'],
    // Its own, whatever it is called.
    ['photo.jpeg', 'image/jpeg', 'photo.jpeg'],
    ['PHOTO.JPG', 'image/jpg', 'PHOTO.JPG'],
    ['index.htm', 'text/html', 'index.htm'],
    ['script.mjs', 'application/javascript', 'script.mjs'],
    ['site.tgz', 'application/x-gzip', 'site.tgz'],
    ['list.tar.gz', 'application/gzip', 'list.tar.gz'],
    ['drawing.svg', 'text/xml', 'drawing.svg'],
    ['table.csv', 'text/plain', 'table.csv'],
    // What is not known says nothing.
    ['v1.2', 'text/html', 'v1.2'],
    ['letter.docx', 'application/zip', 'letter.docx'],
    ['data', 'application/octet-stream', 'data'],
    ['data.bin', 'application/octet-stream', 'data.bin'],
    ['data', 'text/x-unknown', 'data'],
    ['data', 'constructor', 'data'],
    ['data', '', 'data'],
    ['data', ';', 'data'],
  ];
  for (const [name, type, expected] of rows) {
    test(`${name}, ${type || 'no type'}: ${expected}`, () => {
      assert.equal(adjustExtension(name, type), expected);
      // Once more changes nothing.
      assert.equal(adjustExtension(expected, type), expected);
    });
  }

  test('a long name stays a safe name', () => {
    const adjusted = adjustExtension(`folder/${'ä'.repeat(100)}`, 'text/html');
    assert.ok(isItemName(adjusted));
    assert.ok(adjusted.endsWith('ä.html'));
    assert.ok(Buffer.byteLength(adjusted) <= 'folder/'.length + 200);
  });
});
