import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import { CookieFile, parseCookies } from '../../src/fetch/cookie-file.js';

const LINES = [
  '# Netscape HTTP Cookie File',
  '',
  'a.example\tFALSE\t/\tFALSE\t0\thost\t1',
  '.a.example\tTRUE\t/\tFALSE\t0\tbelow\t2',
  '#HttpOnly_a.example\tFALSE\t/dir\tTRUE\t9999999999\tsecure\ta=b',
  '127.0.0.1\tTRUE\t/\tFALSE\t0\taddress\t3',
  'a.example\tFALSE\t/x/\tFALSE\t0\tempty\t',
].join('\n');

const headerFor = (origin: string, path = '/') => new CookieFile(parseCookies(LINES, 'f')).headerFor({ origin, path });

describe('a file of cookies', () => {
  it('is read as curl and browsers write it', () => {
    assert.deepEqual(parseCookies(`\u00ef\u00bb\u00bf${LINES.replaceAll('\n', '\r\n')}`, 'f')[2], {
      domain: 'a.example',
      below: false,
      path: '/dir',
      secure: true,
      expires: 9999999999,
      name: 'secure',
      value: 'a=b',
    });
  });

  it('sends each to its domain, path and scheme, those of longer paths first', () => {
    assert.equal(headerFor('https://a.example', '/dir/b?c'), 'secure=a=b; host=1; below=2');
    assert.equal(headerFor('http://a.example:8080', '/dir/b'), 'host=1; below=2');
    assert.equal(headerFor('https://a.example', '/dirs'), 'host=1; below=2');
    assert.equal(headerFor('http://b.a.example'), 'below=2');
    assert.equal(headerFor('http://a.example', '/x/y'), 'empty=; host=1; below=2');
    assert.equal(headerFor('http://127.0.0.1'), 'address=3');
  });

  it('sends none to other domains', () => {
    const label = fc.stringMatching(/^[a-z]{1,5}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), (labels) => {
        const host = labels.join('.');
        fc.pre(host !== 'a.example' && !host.endsWith('.a.example'));
        for (const other of [host, `xa.example`, `a.example.${host}`, `1.0.0.127`, `0.127.0.0.1.${host}`]) {
          assert.equal(headerFor(`https://${other}`), undefined, other);
        }
      }),
    );
  });

  it('of another form is told with the number of a line, and not with what is in it', () => {
    const wrong = [
      'name=s3cret',
      '[{"domain": "a.example", "value": "s3cret"}]',
      'a.example\tyes\t/\tFALSE\t0\tn\ts3cret',
      'a.example\tTRUE\t/\tFALSE\tsoon\tn\ts3cret',
      'a.example\tTRUE\t/\tFALSE\t0\tn\ts3cret\tmore',
      'a.example\tTRUE\t/\tFALSE\t0\tn\ts3;cret',
      'a.example TRUE / FALSE 0 n s3cret',
    ];
    for (const line of wrong) {
      assert.throws(
        () => parseCookies(`# comment\n${line}\n`, 'file'),
        (error) =>
          error instanceof UsageError && error.message.startsWith('file, line 2:') && !error.message.includes('cret'),
        line,
      );
    }
  });
});
