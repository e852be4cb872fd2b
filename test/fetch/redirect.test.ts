import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRedirect, redirectTarget } from '../../src/fetch/redirect.js';

const FROM = { origin: 'http://a.example', path: '/dir/file?x=1' };

describe('isRedirect', () => {
  it('knows the five statuses that say where to go', () => {
    const statuses = Array.from({ length: 500 }, (_, i) => 100 + i);
    assert.deepEqual(statuses.filter(isRedirect), [301, 302, 303, 307, 308]);
  });
});

describe('redirectTarget', () => {
  const followed: [location: string, origin: string, path: string][] = [
    ['/there', 'http://a.example', '/there'],
    ['there', 'http://a.example', '/dir/there'],
    ['../up', 'http://a.example', '/up'],
    ['?y=2', 'http://a.example', '/dir/file?y=2'],
    ['', 'http://a.example', '/dir/file?x=1'],
    ['//b.example/c', 'http://b.example', '/c'],
    ['https://a.example/s', 'https://a.example', '/s'],
    ['http://a.example:8080/', 'http://a.example:8080', '/'],
    ['http://a.example:80', 'http://a.example', '/'],
    ['http://user:secret@b.example/c', 'http://b.example', '/c'],
    ['/there#part', 'http://a.example', '/there'],
    ['/a b', 'http://a.example', '/a%20b'],
    ['HTTP://B.EXAMPLE/C', 'http://b.example', '/C'],
  ];
  for (const [location, origin, path] of followed) {
    it(`leads from ${FROM.origin}${FROM.path} by '${location}' to ${origin}${path}`, () => {
      assert.deepEqual(redirectTarget(FROM, location, 0), { origin, path });
    });
  }

  it('gives bytes beyond ASCII back as they came, in UTF-8 or in any other charset', () => {
    const utf8 = Buffer.from('/é/日').toString('latin1');
    assert.deepEqual(redirectTarget(FROM, utf8, 0), { origin: FROM.origin, path: '/%c3%a9/%e6%97%a5' });
    assert.deepEqual(redirectTarget(FROM, '/caf\xe9', 0), { origin: FROM.origin, path: '/caf%e9' });
    const host = Buffer.from('http://bücher.example/').toString('latin1');
    assert.deepEqual(redirectTarget(FROM, host, 0), { origin: 'http://xn--bcher-kva.example', path: '/' });
  });

  const refused: [location: string | undefined, why: RegExp][] = [
    [undefined, /does not say where to/],
    ['file:///etc/passwd', /to file:/],
    ['data:text/plain,hello', /to data:/],
    ['gopher://a.example/', /to gopher:/],
    ['javascript:alert(1)', /to javascript:/],
    ['ftp://a.example/', /to ftp:/],
    ['http://', /no URL/],
    ['http://a.example:99999/', /no URL/],
  ];
  for (const [location, why] of refused) {
    it(`refuses ${location ?? 'a redirect without Location'}`, () => {
      const error = redirectTarget(FROM, location, 0);
      assert.ok('code' in error);
      assert.equal(error.code, 'HTTP_REDIRECT');
      assert.match(error.message, why);
      assert.ok(error.message.startsWith('http://a.example/dir/file?x=1: '));
      assert.notEqual(error.hint, '');
    });
  }

  it('follows ten and refuses the eleventh', () => {
    assert.deepEqual(redirectTarget(FROM, '/on', 9), { origin: FROM.origin, path: '/on' });
    const error = redirectTarget(FROM, '/on', 10);
    assert.ok('code' in error);
    assert.match(error.message, /more than 10 redirects/);
  });

  it('never leads from https to http', () => {
    const secure = { origin: 'https://a.example', path: '/' };
    const error = redirectTarget(secure, 'http://a.example/', 0);
    assert.ok('code' in error);
    assert.match(error.message, /from https to http/);
    assert.deepEqual(redirectTarget(secure, '/there', 0), { origin: 'https://a.example', path: '/there' });
  });
});
