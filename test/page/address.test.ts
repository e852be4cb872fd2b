import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isLoopback, parseAddress, readToken } from '../../src/page/address.js';
import { scratch } from '../helpers/scratch.js';

describe('--listen', () => {
  test('takes a port, or a host and a port, and is of this machine alone where no host is given', async () => {
    assert.deepEqual(await parseAddress('8080'), { host: '127.0.0.1', addresses: ['127.0.0.1'], port: 8080 });
    assert.deepEqual(await parseAddress('0'), { host: '127.0.0.1', addresses: ['127.0.0.1'], port: 0 });
    assert.deepEqual(await parseAddress('[::1]:80'), { host: '::1', addresses: ['::1'], port: 80 });
    assert.deepEqual(await parseAddress('0.0.0.0:80'), { host: '0.0.0.0', addresses: ['0.0.0.0'], port: 80 });
  });

  for (const wrong of ['', 'x', ':80', '65536', '-1', '80:', '::1:80', 'a b:80', '127.0.0.1', '1e3', '[::1]80']) {
    test(`refuses ${JSON.stringify(wrong)}, and says what it takes`, async () => {
      await assert.rejects(parseAddress(wrong), { code: 'USAGE', hint: /^give 8080, 127\.0\.0\.1:8080 or / });
    });
  }

  test('knows which addresses others can reach', () => {
    for (const own of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(own), own);
    for (const other of ['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', '128.0.0.1', '', '127.evil.example']) {
      assert.ok(!isLoopback(other), other);
    }
  });
});

describe('--listen-token-file', () => {
  test('is needed where others can reach the page, and only there', async () => {
    assert.equal(await readToken(undefined, await parseAddress('80')), undefined);
    await assert.rejects(readToken(undefined, await parseAddress('0.0.0.0:80')), {
      code: 'USAGE',
      hint: /--listen-token-file FILE/,
    });
  });

  test('is a line of 16 characters or more, and one that is none is refused without being shown', async (t) => {
    const file = join(scratch(t), 'token');
    const address = await parseAddress('80');
    writeFileSync(file, '0123456789abcdef\n');
    assert.equal(await readToken(file, address), '0123456789abcdef');
    for (const wrong of ['', 'tooshort', 'two words that are long', 'x'.repeat(1025), 'y'.repeat(5000)]) {
      writeFileSync(file, wrong);
      await assert.rejects(readToken(file, address), (error: Error & { hint: string }) => {
        assert.equal(wrong !== '' && `${error.message} ${error.hint}`.includes(wrong), false);
        return error.message.endsWith('has no token in it');
      });
    }
    await assert.rejects(readToken(join(file, 'none'), address), { code: 'USAGE', message: /cannot be read/ });
  });
});
