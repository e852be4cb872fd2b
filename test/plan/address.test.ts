/** URLs in one form, whichever version of Node reads them: by it items are known again. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type Address, AddressParser, normalise } from '../../src/plan/address.js';
import { CodeUnits } from '../../src/shared/code-units.js';
import { mulberry32 } from '../../src/server/random.js';

const units = new CodeUnits();
const addresses = new AddressParser();

function parse(text: string): Address | undefined {
  units.load(text);
  return addresses.parse(text, units);
}

/** Parts of paths, queries and fragments that come near every rule. */
const PARTS = [
  '/', '/.', '/..', '/./', '/../', '/%2e', '/.%2E/', '/.x', '/..x', '/.;', '/x.', '/...', 'a', 'é', '^', '^^', '%5E', '%', '\\', ' ',
  '|', '~', '\'', '?', '?a^/../b', '#', '#x^/./y', ':', '@', ';', '[', '`', '{',
]; // prettier-ignore
const AUTHORITIES = ['http://h', 'https://u:p^@h', 'http://h:8080', 'HTTP://H:80', 'http://[::1]', 'http://h^'];

const url = fc
  .tuple(fc.constantFrom(...AUTHORITIES), fc.array(fc.constantFrom(...PARTS), { maxLength: 8 }))
  .map(([authority, parts]) => `${authority}/${parts.join('')}`);

describe('a URL', () => {
  for (const [text, expected] of [
    ['http://h/com10.tar.gz/.x/./index.html', 'http://h/com10.tar.gz/.x/index.html'],
    ['http://h/.x/../y', 'http://h/y'],
    ['http://h/a/.x/..', 'http://h/a/'],
    ['http://h/a/.x/.', 'http://h/a/.x/'],
    ['http://h/.x/../../../y?a/../b', 'http://h/y?a/../b'],
    ['http://h//.x/.././y/..', 'http://h//'],
    ['http://h/...', 'http://h/...'],
    ['http://h/^GSPC', 'http://h/%5EGSPC'],
    ['http://h/a^b?q=a^b#^', 'http://h/a%5Eb?q=a^b'],
    ['http://h?^', 'http://h/?^'],
    ['http://u:p^@h/a', 'http://u:p%5E@h/a'],
    ['http://b\u00fccher.example/', 'http://xn--bcher-kva.example/'],
    ['http://XN--BCHER-KVA.example/', 'http://xn--bcher-kva.example/'],
  ] as const) {
    test(`has one form on every version of Node: ${text}`, () => {
      assert.equal(parse(text)?.url, expected);
      assert.equal(normalise(expected), expected);
    });
  }

  for (const host of ['xn--', 'xn--y', 'a.xn--y.b', 'xn--zz-', 'xn--a.example', 'h^']) {
    test(`is refused on every version of Node with the host ${host}`, () => {
      assert.equal(parse(`http://${host}/a`), undefined);
    });
  }

  test('in its one form stays as it is, has no `^` and no dot segment in its path, and is what Node reads there', () => {
    fc.assert(
      fc.property(url, (text) => {
        const address = parse(text);
        if (address === undefined) return;
        const [path = ''] = address.path.split('?');
        assert.doesNotMatch(path, /\^|\/\.\.?(?:\/|$)/);
        assert.equal(parse(address.url)?.url, address.url);
        assert.equal(normalise(address.url), address.url);
        const read = new URL(text);
        assert.equal(normalise(read.href.replace(/#.*/s, '')), address.url);
        assert.equal(address.origin + address.path, address.url.replace(/^(https?:)\/\/[^/]*@/, '$1//'));
      }),
    );
  });

  test('has the form that it had, of 20,000 of every kind', () => {
    const random = mulberry32(18);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const hash = createHash('sha256');
    for (let at = 0; at < 20_000; at += 1) {
      const text = `${pick(AUTHORITIES)}/${Array.from({ length: at % 8 }, () => pick(PARTS)).join('')}`;
      hash.update(`${parse(text)?.url}\n`);
    }
    assert.equal(hash.digest('hex').slice(0, 16), 'b500093f61b26a51');
  });
});
