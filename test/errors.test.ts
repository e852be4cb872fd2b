import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FetchError,
  fromPlain,
  type PlainError,
  SluiceError,
  StorageError,
  toPlain,
  UsageError,
} from '../src/errors.js';

const OTHERWISE = { code: 'INTERNAL', hint: 'do something' } as const;
const PLAIN: PlainError = {
  code: 'STORE_FULL',
  message: 'the disk is full',
  hint: 'make room',
  cause: { name: 'Error', message: 'no space left on device', code: 'ENOSPC' },
};

describe('the errors', () => {
  it('have a class, a name, a code, a message, a hint and a cause', () => {
    const cause = new Error('why');
    const error = new SluiceError('NET_DNS', 'no such host', { hint: 'check it', cause });
    assert.ok(error instanceof Error);
    assert.deepEqual(
      [error.name, error.code, error.message, error.hint, error.cause],
      ['SluiceError', 'NET_DNS', 'no such host', 'check it', cause],
    );
    assert.ok(!Object.hasOwn(new SluiceError('NET_DNS', 'm', { hint: 'h' }), 'cause'));
  });

  it('tell bad usage from others', () => {
    const error = new UsageError('--tries 0', 'give more', 'a cause');
    assert.ok(error instanceof SluiceError);
    assert.deepEqual(
      [error.name, error.code, error.hint, error.cause],
      ['UsageError', 'USAGE', 'give more', 'a cause'],
    );
  });

  it('are made from plain data', () => {
    const item = { url: 'http://a.example/', name: 'a' };
    const fetchError = new FetchError(item, PLAIN);
    assert.deepEqual([fetchError.name, fetchError.item], ['FetchError', item]);
    assert.deepEqual(toPlain(fetchError, OTHERWISE), PLAIN);
    const storageError = new StorageError(PLAIN);
    assert.equal(storageError.name, 'StorageError');
    assert.deepEqual(toPlain(storageError, OTHERWISE), PLAIN);
  });
});

describe('toPlain', () => {
  it('survives structured clone and JSON', () => {
    const plain = toPlain(new StorageError(PLAIN), OTHERWISE);
    assert.deepEqual(structuredClone(plain), PLAIN);
    assert.deepEqual(JSON.parse(JSON.stringify(plain)), PLAIN);
  });

  it("keeps a system error's code as the cause, and takes code and hint from the caller", () => {
    const error = Object.assign(new TypeError('EACCES: denied'), { code: 'EACCES' });
    assert.deepEqual(toPlain(error, OTHERWISE), {
      ...OTHERWISE,
      message: 'EACCES: denied',
      cause: { name: 'TypeError', message: 'EACCES: denied', code: 'EACCES' },
    });
  });

  it("prefers the caller's message", () => {
    const { message, cause } = toPlain(new Error('inner'), { ...OTHERWISE, message: 'outer' });
    assert.deepEqual([message, cause?.message], ['outer', 'inner']);
  });

  const thrown: [what: string, value: unknown, message: string][] = [
    ['undefined', undefined, 'unknown error'],
    ['null', null, 'unknown error'],
    ['a string', 'oops', "'oops'"],
    ['a number', 7, '7'],
    ['an object without a message', { a: 1 }, '{ a: 1 }'],
    ['an error with a code that is a number', Object.assign(new Error('m'), { code: 7 }), 'm'],
  ];
  for (const [what, value, message] of thrown) {
    it(`describes ${what} that was thrown`, () => {
      const plain = toPlain(value, OTHERWISE);
      assert.equal(plain.message, message);
      assert.equal(plain.cause?.code, undefined);
      assert.deepEqual(structuredClone(plain), plain);
    });
  }
});

describe('fromPlain', () => {
  it('gives an error of its own class again, with its code, message and hint', () => {
    const gone = new SluiceError('WORKER_LOST', 'gone', { hint: 'again' });
    for (const error of [new UsageError('wrong', 'right'), new StorageError(PLAIN), gone]) {
      const again = fromPlain(toPlain(error, OTHERWISE));
      assert.equal(again.constructor, error.constructor);
      assert.deepEqual([again.code, again.message, again.hint], [error.code, error.message, error.hint]);
    }
  });
});
