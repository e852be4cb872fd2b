import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { posix, win32 } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';

import { safeName } from '../../src/plan/names.js';
import {
  foldersOf,
  formerPaths,
  isItemName,
  markedFolder,
  MAX_LEVELS,
  MAX_PATH_BYTES,
  safePath,
} from '../../src/plan/paths.js';

/** Texts that come near every rule, most of them with slashes. */
const dangerous = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '/',
        '/',
        '//',
        '..',
        '.',
        '../',
        '\\',
        '.sluice',
        '.sluice-x',
        'CON',
        'a',
        'A',
        'é',
        'e\u0301',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.integer({ min: 1, max: 300 }).map((count) => 'x'.repeat(count)),
      fc.integer({ min: 1, max: 60 }).map((count) => 'd/'.repeat(count)),
      fc.integer({ min: 1, max: 9 }).map((count) => `${'語'.repeat(60)}/`.repeat(count)),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''));

describe('safePath', () => {
  const cases: [string, string][] = [
    ['photo.jpg', 'photo.jpg'],
    ['..', '___'],
    ['dir/photo.jpg', 'dir/photo.jpg'],
    ['/etc/passwd', 'etc/passwd'],
    ['../../etc/passwd', 'etc/passwd'],
    ['a/./b//c', 'a/b/c'],
    ['a/../b', 'a/b'],
    ['a/b/', 'a/b'],
    ['/', '_'],
    ['../..', '_'],
    ['.sluice/journal', '_.sluice/journal'],
    ['.git/hooks/x', '_.git/hooks/x'],
    ['CON/nul.txt', '_CON/_nul.txt'],
    ['a /b.', 'a_/b_'],
    ['a\\b/c', 'a_b/c'],
    [`${'d/'.repeat(31)}x`, `${'d/'.repeat(31)}x`],
    [`${'d/'.repeat(40)}x`, `${'d/'.repeat(30)}_d8244215/x`],
  ];
  for (const [text, path] of cases) {
    it(`makes ${JSON.stringify(text.slice(0, 30))} ${JSON.stringify(path.slice(0, 30))}`, () => {
      assert.equal(safePath(text), path);
    });
  }

  it('never leads out of the destination, has safe parts and a bound, and leaves what is safe as it is', () => {
    fc.assert(
      fc.property(fc.oneof(dangerous, fc.string({ unit: 'binary', maxLength: 400 })), (text) => {
        const path = safePath(text);
        const parts = path.split('/');
        for (const part of parts) assert.equal(safeName(part), part);
        assert.ok(parts.length <= MAX_LEVELS, `${parts.length} parts`);
        assert.ok(Buffer.byteLength(path) <= MAX_PATH_BYTES, `${Buffer.byteLength(path)} bytes`);
        assert.equal(posix.join('/destination', path), `/destination/${path}`);
        assert.equal(win32.join('C:\\destination', path), `C:\\destination\\${parts.join('\\')}`);
        assert.equal(safePath(path), path);
        assert.ok(isItemName(path));
        assert.ok(isItemName(`3/f/${path}`));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps the name, whatever is cut of the folders before it', () => {
    const deep = `${`${'語'.repeat(60)}/`.repeat(9)}photo.jpeg`;
    const path = safePath(deep);
    assert.match(path, /^(?:語{60}\/){4}_[0-9a-f]{8}\/photo\.jpeg$/);
    assert.notEqual(safePath(`x/${deep}`), path);
  });
});

describe('isItemName', () => {
  it('takes names of plans, with folders and without', () => {
    for (const name of ['a', 'a/b', '3/f/a', '3/f/host+8001/a/b@c=d', 'x'.repeat(200)])
      assert.ok(isItemName(name), name);
  });

  it('takes nothing else', () => {
    const others = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      '../a',
      'a/../b',
      './a',
      '.sluice/journal',
      'a/.sluice-x',
      'a\\b',
      'CON/a',
    ];
    const long = [`${'a/'.repeat(40)}a`, `${`${'x'.repeat(200)}/`.repeat(6)}x`, 'x'.repeat(201)];
    for (const name of [...others, ...long]) assert.ok(!isItemName(name), name);
  });
});

describe('folders of a path', () => {
  it('are those above its name, from the top down', () => {
    assert.deepEqual(foldersOf('a/b/c'), ['a', 'a/b']);
    assert.deepEqual(foldersOf('a'), []);
  });

  it('get a mark where they cannot have their name, and are found again by it and without it', () => {
    const marked = markedFolder('a/b');
    assert.match(marked, /^a\/b-[0-9a-f]{8}$/);
    assert.ok([...formerPaths('a/b/c')].includes(`${marked}/c`));
    assert.ok([...formerPaths(`${marked}/c`)].includes('a/b/c'));
    assert.ok([...formerPaths('a/b/c')].includes('a_b_c'), 'as older builds called it');
    assert.ok(Buffer.byteLength(markedFolder('語'.repeat(66))) <= 200);
  });
});
