import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { ACCEPT_ENCODING } from '../../src/fetch/encoding.js';
import { RequestHeaders } from '../../src/fetch/headers.js';
import { productToken, USER_AGENT } from '../../src/fetch/user-agent.js';
import { itemFor } from './recording.js';

const PRIVATE = ['Authorization', 'Bearer secret', 'Cookie', 'id=secret', 'User-Agent', 'mine'];
const ELSEWHERE = { origin: 'http://b.example', path: '/a' };

/** Header names in lower case with their values; fails when one is there twice. */
function headersFor(given: readonly string[], url: string, target = itemFor(url) as { origin: string; path: string }) {
  const item = itemFor(url);
  const flat = new RequestHeaders(given).for(item, target);
  const map = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) {
    const name = (flat[i] as string).toLowerCase();
    assert.ok(!map.has(name), `${name} is there twice`);
    map.set(name, flat[i + 1] as string);
  }
  return Object.fromEntries(map);
}

describe('RequestHeaders', () => {
  it('ask for zstd where Node undoes it', () => {
    assert.equal(ACCEPT_ENCODING, `gzip, deflate, br${'zstdDecompressSync' in zlib ? ', zstd' : ''}`);
  });

  it('has defaults', () => {
    assert.deepEqual(headersFor([], 'http://a.example/a'), {
      'user-agent': USER_AGENT,
      accept: '*/*',
      'accept-encoding': ACCEPT_ENCODING,
    });
  });

  it('asks for no encoding of a file that is compressed itself, nor where such an item has led', () => {
    assert.equal(headersFor([], 'http://a.example/a.tar.gz')['accept-encoding'], 'identity');
    assert.equal(headersFor([], 'http://a.example/a.tar.gz', ELSEWHERE)['accept-encoding'], 'identity');
    const compressed = { origin: 'http://b.example', path: '/a.gz' };
    assert.equal(headersFor([], 'http://a.example/latest', compressed)['accept-encoding'], 'identity');
  });

  it('lets what the user gave replace the defaults, whatever its case', () => {
    assert.deepEqual(headersFor(['USER-AGENT', 'mine', 'Accept-Encoding', 'br'], 'http://a.example/a'), {
      'user-agent': 'mine',
      'accept-encoding': 'br',
      accept: '*/*',
    });
  });

  const others = ['https://a.example', 'http://a.example:8080', 'http://b.a.example', 'http://b.example'];
  for (const origin of others) {
    it(`sends nothing private from http://user:secret@a.example to ${origin}, but the defaults`, () => {
      const target = { origin, path: '/a' };
      assert.deepEqual(
        headersFor(PRIVATE, 'http://user:secret@a.example/a', target),
        headersFor([], 'http://a.example/a'),
      );
    });
  }

  it('keeps what is private on the same origin', () => {
    const target = { origin: 'http://a.example', path: '/elsewhere' };
    const headers = headersFor(PRIVATE, 'http://a.example/a', target);
    assert.equal(headers['authorization'], 'Bearer secret');
    assert.equal(headers['cookie'], 'id=secret');
  });

  const credentials: [userInfo: string, decoded: string][] = [
    ['user:pass', 'user:pass'],
    ['user', 'user:'],
    [':pass', ':pass'],
    ['a%40b:c%3Ad', 'a@b:c:d'],
    ['%C3%A9:p', 'é:p'],
    // Not an escape, and not UTF-8: the URL standard lets both pass.
    ['user:100%', 'user:100%'],
    ['user:%zz%4', 'user:%zz%4'],
  ];
  for (const [userInfo, decoded] of credentials) {
    it(`sends ${userInfo} of a URL as Basic ${decoded}`, () => {
      const { authorization } = headersFor([], `http://${userInfo}@a.example/a`);
      assert.equal(authorization, `Basic ${Buffer.from(decoded).toString('base64')}`);
    });
  }

  it('sends any byte that a URL holds', () => {
    const { authorization } = headersFor([], 'http://%ff:%00@a.example/a');
    assert.equal(authorization, `Basic ${Buffer.from([0xff, 0x3a, 0x00]).toString('base64')}`);
  });

  it('sends no Authorization for an @ elsewhere in the URL', () => {
    assert.equal(headersFor([], 'http://a.example/@a?b=@')['authorization'], undefined);
    assert.equal(headersFor([], 'http://@a.example/')['authorization'], undefined);
  });

  it('sends one Authorization where the user gave one and the URL holds another', () => {
    assert.equal(headersFor(['AUTHORIZATION', 'Bearer x'], 'http://u:p@a.example/')['authorization'], 'Bearer x');
  });

  it('says what it was told to say of who asks, to every server', () => {
    const item = itemFor('http://a.example/a');
    const headers = new RequestHeaders([], 'mine/2.0');
    for (const target of [item, ELSEWHERE])
      assert.deepEqual(headers.for(item, target).slice(0, 2), ['user-agent', 'mine/2.0']);
  });
});

describe('productToken', () => {
  const told: readonly [headers: readonly string[], userAgent: string | undefined, token: string][] = [
    [[], undefined, 'sluice'],
    [[], 'My-Bot/2.0 (+http://a.example)', 'my-bot'],
    [[], 'Mozilla/5.0 (compatible)', 'mozilla'],
    [[], 'plain', 'plain'],
    [['Referer', 'http://a/', 'USER-AGENT', 'Other 1'], 'mine/1', 'other'],
  ];
  for (const [headers, userAgent, token] of told) {
    it(`is ${token} for ${JSON.stringify([headers, userAgent])}`, () => {
      assert.equal(productToken({ headers, userAgent }), token);
    });
  }
});
