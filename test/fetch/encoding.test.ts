import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codingToUndo, isCompressedFile } from '../../src/fetch/encoding.js';

describe('isCompressedFile', () => {
  for (const path of [
    '/a.gz',
    '/a.tar.gz',
    '/a.tgz',
    '/A.TGZ',
    '/a.svgz',
    '/a.zst',
    '/a.br',
    '/a.gz?b=c',
    '/dir.d/a.gz?b=c.txt',
  ]) {
    it(`takes ${path} for a compressed file`, () => assert.equal(isCompressedFile(path), true));
  }
  for (const path of ['/', '/a', '/a.svg', '/gz', '/a.gz/', '/a.gzip', '/a.txt?b=c.gz', '/a.gz.txt', '/a.zip']) {
    it(`does not take ${path} for a compressed file`, () => assert.equal(isCompressedFile(path), false));
  }
});

describe('codingToUndo', () => {
  const undone: [coding: string, type: string, path: string, undo: string][] = [
    ['gzip', 'text/html', '/a', 'gzip'],
    ['br', '', '/a', 'br'],
    ['deflate, gzip', 'text/html', '/a.txt', 'deflate, gzip'],
    // The file is gzip itself, by its name or by its type.
    ['gzip', 'text/html', '/a.tar.gz', ''],
    ['x-gzip', '', '/a.tgz', ''],
    ['zstd', '', '/a.tar.zst', ''],
    ['zstd', 'application/zstd', '/a', ''],
    ['zstd, gzip', '', '/a.tzst', 'gzip'],
    ['gzip', '', '/a.zst', 'gzip'],
    ['zstd', 'text/html', '/a.gz', 'zstd'],
    ['br', '', '/a.js.br', ''],
    ['br', '', '/a.js', 'br'],
    [' GZIP ', '', '/a.tgz', ''],
    ['gzip', 'application/gzip', '/a', ''],
    ['gzip', 'application/x-gzip; charset=binary', '/a', ''],
    ['gzip', 'application/x-tgz', '/a', ''],
    ['gzip', 'application/gzipped', '/a', 'gzip'],
    // What was applied on top of it is the transport's.
    ['gzip, br', '', '/a.gz', 'br'],
    ['br', 'application/gzip', '/a.gz', 'br'],
    ['gzip, gzip', '', '/a.gz', 'gzip'],
    // What is said to be no coding.
    ['none', '', '/a', ''],
    ['UTF-8', '', '/a', ''],
    ['binary', '', '/a', ''],
    ['identity', '', '/a', ''],
    [' , ', '', '/a', ''],
    ['aws-chunked', '', '/a', ''],
    ['aws-chunked,gzip', '', '/a', 'gzip'],
    ['gzip, identity', '', '/a', 'gzip'],
    ['x-none', '', '/a', 'x-none'],
    ['aws-chunked, gzip', '', '/a.gz', ''],
  ];
  for (const [coding, type, path, undo] of undone) {
    it(`undoes '${undo}' of '${coding}' for ${path} of type '${type}'`, () => {
      assert.equal(codingToUndo(coding, type, path), undo);
    });
  }

  it('goes by the item and by where it was found', () => {
    assert.equal(codingToUndo('gzip', '', '/a.tar.gz', '/blob/1234'), '');
    assert.equal(codingToUndo('gzip', '', '/latest', '/a.tar.gz'), '');
    assert.equal(codingToUndo('gzip', '', '/latest', '/blob/1234'), 'gzip');
  });
});
