import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';

import { foldersOf, isItemName, safePath } from '../../src/plan/paths.js';
import { NameRegistry } from '../../src/plan/registry.js';
import { thorough } from '../helpers/thorough.js';

function claims(paths: readonly string[]): string[] {
  const names = new NameRegistry();
  return paths.map((path, at) => {
    const safe = safePath(path);
    return safe.includes('/') ? names.claimPath(safe, `http://h/${at}`) : names.claim(safe, `http://h/${at}`);
  });
}

function folded(path: string): string {
  return path.toLowerCase().toUpperCase().normalize('NFC');
}

describe('paths of a plan', () => {
  it('are as they were asked for, as long as nobody else has them', () => {
    assert.deepEqual(claims(['a', 'b/a', 'b/c', 'c/b/a']), ['a', 'b/a', 'b/c', 'c/b/a']);
  });

  it('get the mark of the URL in the name, not in the folder', () => {
    assert.match(claims(['v1.0/x', 'v1.0/X'])[1]!, /^v1\.0\/X-[0-9a-f]{8}$/);
    assert.match(claims(['v1.0/x.jpg', 'v1.0/x.JPG'])[1]!, /^v1\.0\/x-[0-9a-f]{8}\.JPG$/);
  });

  it('are taken whatever the case of their folders', () => {
    assert.match(claims(['Dir/a', 'dir/A', 'DIR/b']).join(' '), /^Dir\/a dir\/A-[0-9a-f]{8} DIR\/b$/);
  });

  it('go to one marked folder for all where the folder is a file', () => {
    const [file, first, second, deep] = claims(['docs', 'docs/a', 'docs/b', 'docs/c/d']) as [
      string,
      string,
      string,
      string,
    ];
    assert.equal(file, 'docs');
    assert.match(first, /^docs-[0-9a-f]{8}\/a$/);
    const folder = first.slice(0, -2);
    assert.deepEqual([second, deep], [`${folder}/b`, `${folder}/c/d`]);
  });

  it('give a file a mark where its name is a folder', () => {
    assert.match(claims(['docs/a', 'Docs']).join(' '), /^docs\/a Docs-[0-9a-f]{8}$/);
    assert.match(claims(['x/docs/a', 'x/docs']).join(' '), /^x\/docs\/a x\/docs-[0-9a-f]{8}$/);
  });

  it('are not those that an earlier plan has given, nor are their folders', () => {
    const names = new NameRegistry();
    names.reserve('a/b');
    assert.match(names.claim('a', 'http://h/'), /^a-/);
    assert.match(names.claimPath('a/B', 'http://h/'), /^a\/B-/);
    assert.match(names.claimPath('a/b/c', 'http://h/'), /^a\/b-[0-9a-f]{8}\/c$/);
  });

  const part = fc.constantFrom('a', 'A', 'b', 'é', 'e\u0301', 'a-8910c764', 'a.b', '..', 'x'.repeat(200));
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

  it('are safe, unique whatever the case, no folder of another one, and the same in every run', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 40 }), (paths) => {
        const names = claims(paths);
        assert.deepEqual(claims(paths), names);
        for (const name of names) assert.ok(isItemName(name), name);
        const files = new Set(names.map(folded));
        assert.equal(files.size, names.length);
        for (const name of names) for (const folder of foldersOf(name)) assert.ok(!files.has(folded(folder)), name);
      }),
      { numRuns: thorough ? 2000 : 400 },
    );
  });
});
