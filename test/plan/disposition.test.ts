import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { nameFromDisposition } from '../../src/plan/disposition.js';
import { MAX_NAME_BYTES, safeName } from '../../src/plan/names.js';

/** As it comes from a connection. */
function sent(text: string): string {
  return Buffer.from(text).toString('latin1');
}

describe('the name that Content-Disposition gives', () => {
  const names: Readonly<Record<string, string | undefined>> = {
    // RFC 6266, 5.
    'Attachment; filename=example.html': 'example.html',
    'INLINE; FILENAME= "an example.html"': 'an example.html',
    "attachment; filename*= UTF-8''%e2%82%ac%20rates": '€ rates',
    'attachment; filename="EURO rates"; filename*=utf-8\'\'%e2%82%ac%20rates': '€ rates',
    // The other order, another charset, and a language.
    "attachment; filename*=UTF-8'en'%c2%a3.txt; filename=pounds.txt": '£.txt',
    "attachment; filename*=iso-8859-1''%a3%20rates": '£ rates',
    // What is quoted, and what is not.
    'attachment; filename="a;b=c.txt"': 'a;b=c.txt',
    'attachment; filename="say \\"hi\\".txt"': 'say "hi".txt',
    'attachment; filename=two words.txt ; size=3': 'two words.txt',
    'filename=no-type.txt': 'no-type.txt',
    'attachment; filename=first.txt; filename=second.txt': 'first.txt',
    // UTF-8 and Latin-1 as they are.
    [sent('attachment; filename="naïve.txt"')]: 'naïve.txt',
    'attachment; filename="na\u00efve.txt"': 'naïve.txt',
    // Only the last segment counts.
    'attachment; filename="../../x"': 'x',
    'attachment; filename="/etc/passwd"': 'passwd',
    'attachment; filename="C:\\x"': 'x',
    'attachment; filename="C:\\\\temp\\\\y.txt"': 'y.txt',
    "attachment; filename*=UTF-8''..%2f..%5cz": 'z',
    // What is broken counts for nothing, and what is beside it does.
    "attachment; filename*=UTF-8''%ff%fe; filename=kept.txt": 'kept.txt',
    "attachment; filename*=UTF-8''%zz; filename=kept.txt": 'kept.txt',
    "attachment; filename*=UTF-7''a; filename=kept.txt": 'kept.txt',
    'attachment; filename*=kept; filename=kept.txt': 'kept.txt',
    "attachment; filename*=UTF-8''; filename=kept.txt": 'kept.txt',
    "attachment; filename*=UTF-8''a%2f; filename=kept.txt": 'kept.txt',
    // None at all.
    attachment: undefined,
    '': undefined,
    'attachment; filename': undefined,
    'attachment; filename=': undefined,
    'attachment; filename=""': undefined,
    'attachment; filename="x/"': undefined,
    'attachment; filename=".."': undefined,
    'attachment; filename="  "': undefined,
    'attachment; filename="unterminated': undefined,
    ';;;===': undefined,
  };
  for (const [header, expected] of Object.entries(names)) {
    test(`${JSON.stringify(header)}: ${expected ?? 'none'}`, () => assert.equal(nameFromDisposition(header), expected));
  }

  test('control characters, and 10,000 bytes of a name, come to a safe name', () => {
    for (const name of ['a\u0000b\u001f\u007f\u0085c', 'x'.repeat(10_000), `${'y'.repeat(10_000)}.txt`]) {
      const told = nameFromDisposition(`attachment; filename="${name}"`);
      assert.ok(told !== undefined);
      const safe = safeName(told);
      assert.ok(Buffer.byteLength(safe) <= MAX_NAME_BYTES);
      assert.doesNotMatch(safe, /\p{Control}/u);
    }
  });

  test('whatever comes, there is a last segment or nothing, in a time that grows with the text', () => {
    const nasty = fc.string({ unit: fc.constantFrom('"', '\\', ';', '=', ' ', "'", '%', '*', '/', 'f', 'ilename') });
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), (text) => {
        const told = nameFromDisposition(Buffer.from(`attachment; filename=${text}`).toString('latin1'));
        assert.ok(told === undefined || (told !== '' && !/[/\\]/.test(told)));
      }),
    );
    for (const piece of [' ', ';', '"', '\\', '=', 'a', '"\\', 'a=', ' ;', '%e2', "'", 'filename="', 'a="b" ']) {
      const long = piece.repeat(Math.floor(60_000 / piece.length));
      nameFromDisposition(long);
      nameFromDisposition(`attachment; filename="${long}`);
      nameFromDisposition(`attachment; filename*=UTF-8''${long}`);
    }
  });
});
