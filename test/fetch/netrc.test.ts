import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import { parseNetrc } from '../../src/fetch/netrc.js';

const parse = (text: string) => parseNetrc(text, 'netrc');

describe('a netrc', () => {
  it('has machines with logins and passwords, on one line or more, and a default', () => {
    const text = [
      '# comment',
      'machine A.example login a password b',
      'machine b.example',
      '  login "with \\"quotes\\" and blanks"  # comment',
      '\tpassword "tab\\there"',
      '\taccount ignored',
      'default login anonymous password me@',
    ].join('\r\n');
    assert.deepEqual(parse(text), [
      { host: 'a.example', user: 'a', password: 'b' },
      { host: 'b.example', user: 'with "quotes" and blanks', password: 'tab\there' },
      { host: undefined, user: 'anonymous', password: 'me@' },
    ]);
  });

  it('may have macros, which end with an empty line', () => {
    assert.deepEqual(parse('macdef init\ncd /pub\nmachine no\n\nmachine a login b password c\n'), [
      { host: 'a', user: 'b', password: 'c' },
    ]);
  });

  it('that is wrong is told with the number of a line, and not with what is in it', () => {
    const wrong: [text: string, told: RegExp][] = [
      ['machine a\nlogin', /line 2: nothing follows login/],
      ['\nlogin s3cret', /line 2: login before any machine/],
      ['machine a password "s3cret', /line 1: a quote that does not end/],
      ['{"machine": "s3cret"}', /line 1: a word that is none of/],
    ];
    for (const [text, told] of wrong) {
      assert.throws(
        () => parse(text),
        (error) => error instanceof UsageError && told.test(error.message) && !error.message.includes('s3cret'),
        text,
      );
    }
  });

  it('gives back whatever was written in quotes', () => {
    const anything = fc.string().filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(anything, anything, (user, password) => {
        const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`;
        const text = `machine a login ${quoted(user)} password ${quoted(password)}`;
        assert.deepEqual(parse(text), [{ host: 'a', user, password }]);
      }),
    );
  });
});
