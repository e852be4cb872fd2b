import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { SluiceError } from '../../src/errors.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { describeStoreFailure } from '../../workers/failure.js';

const SETTINGS = { directory: '/mnt/photos' } as StoreSettings;

/** As Node makes them; libuv has no name for some numbers. */
function systemError(code: string, errno = 0): Error {
  return Object.assign(new Error(`${code}: it failed, write`), { code, errno, syscall: 'write' });
}

describe('what an error of the operating system means for a body', () => {
  const meanings = [
    ['ENOSPC', 'STORE_FULL', /the disk is full/],
    ['EDQUOT', 'STORE_FULL', /quota/],
    ['EROFS', 'STORE_READ_ONLY', /read-only/],
    ['EACCES', 'STORE_DENIED', /permission/],
    ['EPERM', 'STORE_DENIED', /permission/],
    ['EISDIR', 'STORE_EXISTS', /a folder has this name/],
    ['ENOENT', 'STORE_FAILED', /gone/],
    ['ENOTDIR', 'STORE_FAILED', /gone/],
    ['EFBIG', 'STORE_FAILED', /too large/],
    ['EMFILE', 'STORE_CROWDED', /too many files are open/],
    ['EIO', 'STORE_FAILED', /the storage failed/],
  ] as const;
  for (const [name, code, what] of meanings) {
    test(`${name} is ${code}, with the place, the reason and what to do`, () => {
      const failure = describeStoreFailure(systemError(name), 'a.jpg', SETTINGS);
      assert.equal(failure.code, code);
      assert.match(failure.message, what);
      assert.match(failure.message, /a\.jpg in \/mnt\/photos/);
      assert.notEqual(failure.hint, '');
      assert.deepEqual(failure.cause, { name: 'Error', message: `${name}: it failed, write`, code: name });
    });
  }

  const { EDQUOT, ESTALE } = constants.errno;
  for (const [number, code, what] of [
    [EDQUOT, 'STORE_FULL', /quota/],
    [ESTALE, 'STORE_FAILED', /gone/],
  ] as const) {
    test(`error number ${number}, which libuv has no name for, is ${code}`, { skip: number === undefined }, () => {
      const failure = describeStoreFailure(systemError(`Unknown system error -${number}`, -number), 'a', SETTINGS);
      assert.equal(failure.code, code);
      assert.match(failure.message, what);
    });
  }

  test("sluice's own errors stay what they are", () => {
    const error = new SluiceError('BODY_IMAGE', 'cut', { hint: 'fetch it again', cause: systemError('EIO') });
    assert.deepEqual(describeStoreFailure(error, 'a', SETTINGS), {
      code: 'BODY_IMAGE',
      message: 'cut',
      hint: 'fetch it again',
      cause: { name: 'Error', message: 'EIO: it failed, write', code: 'EIO' },
    });
  });

  test('what no call on files threw is no fault of the storage, whatever was thrown', () => {
    for (const thrown of [new TypeError('x is no function'), undefined, null, 'text', 7]) {
      assert.equal(describeStoreFailure(thrown, 'a', SETTINGS).code, 'INTERNAL');
    }
    assert.equal(describeStoreFailure(new TypeError('x'), 'a', SETTINGS).cause?.name, 'TypeError');
  });
});
