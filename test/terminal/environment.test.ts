import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeProxies, describeUnchecked } from '../../src/terminal/environment.js';

describe('proxies of the environment', () => {
  test('are told without their passwords, in either case, and once', () => {
    const told = describeProxies({
      http_proxy: 'http://user:s3cret@proxy.example:3128',
      HTTP_PROXY: 'http://other.example',
      HTTPS_PROXY: 'user:p@ss/w0rd@proxy.example',
      ALL_PROXY: 'socks5://t0ken@proxy.example\u001b[2J',
    });
    assert.match(told ?? '', /not used.*http_proxy=http:\/\/user:\*\*\*@proxy\.example:3128, https_proxy=user:\*\*\*@/);
    assert.match(told ?? '', /all_proxy=socks5:\/\/\*\*\*@proxy\.example\\u\{1b\}/);
    assert.doesNotMatch(told ?? '', /s3cret|w0rd|t0ken|other/);
  });

  test('are nothing to tell of where there are none, empty ones, or none for any host', () => {
    for (const env of [{}, { http_proxy: '', HTTPS_PROXY: '' }, { http_proxy: 'http://a', NO_PROXY: '*' }]) {
      assert.equal(describeProxies(env), undefined);
    }
  });
});

test('certificates that are not checked are told of, and only those', () => {
  assert.match(describeUnchecked({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }) ?? '', /certificates are not checked/);
  for (const env of [{}, { NODE_TLS_REJECT_UNAUTHORIZED: '1' }, { NODE_TLS_REJECT_UNAUTHORIZED: '' }]) {
    assert.equal(describeUnchecked(env), undefined);
  }
});
