import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { basename, posix, win32 } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';

import { CodeUnits } from '../../src/shared/code-units.js';
import { MAX_NAME_BYTES, nameFromUrl, safeName } from '../../src/plan/names.js';
import { NameRegistry } from '../../src/plan/registry.js';

/** Texts that come near every rule: parts of dangerous names, put together at random, and any text at all. */
const dangerous = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '.',
        '..',
        '-',
        '/',
        '\\',
        ' ',
        'CON',
        'nul',
        'com1',
        'LPT9',
        'conin$',
        '.txt',
        ':',
        'e\u0301',
        'é',
      ),
      fc.constantFrom(
        '\0',
        '\u001b',
        '\r\n',
        '\u202e',
        '\u2028',
        '\ud800',
        '\udc00',
        '\uffff',
        '😀',
        'ß',
        'ς',
        'K',
        'a',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.integer({ min: 1, max: 260 }).map((count) => 'ab '.repeat(count)),
      fc.integer({ min: 1, max: 100 }).map((count) => '語'.repeat(count)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const DEVICES = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i;

function assertSafe(name: string): void {
  assert.notEqual(name, '');
  assert.ok(Buffer.byteLength(name) <= MAX_NAME_BYTES, `${Buffer.byteLength(name)} bytes`);
  assert.equal(Buffer.from(name).toString(), name, 'well-formed');
  assert.equal(name.normalize('NFC'), name);
  assert.doesNotMatch(name, /[<>:"/\\|?*\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
  assert.doesNotMatch(name, /^[.-]|[. ]$/);
  assert.doesNotMatch(name.split('.')[0]!.trimEnd(), DEVICES);
  assert.equal(posix.join('/destination', name), `/destination/${name}`);
  assert.equal(win32.join('C:\\destination', name), `C:\\destination\\${name}`);
}

describe('safeName', () => {
  const cases: [string, string][] = [
    ['photo-1.tar.gz', 'photo-1.tar.gz'],
    ['été 1.jpg', 'été 1.jpg'],
    ['', '_'],
    ['.', '__'],
    ['..', '___'],
    ['../', '_.._'],
    ['/etc/x', '_etc_x'],
    ['..\\..\\x', '_.._.._x'],
    ['.sluice', '_.sluice'],
    ['-rf', '_-rf'],
    ['a:', 'a_'],
    ['a.', 'a_'],
    ['a. .', 'a___'],
    ['CON', '_CON'],
    ['con.tar.gz', '_con.tar.gz'],
    ['Com1.txt', '_Com1.txt'],
    ['LPT9', '_LPT9'],
    ['nul .txt', '_nul .txt'],
    ['CONIN$', '_CONIN$'],
    ['console', 'console'],
    ['com10', 'com10'],
    ['e\u0301', 'é'],
    ['\u202egnp.exe', '_gnp.exe'],
    ['a\ud800b', 'a_b'],
    ['a\u0000\u001b[31m\u0085b', 'a__[31m_b'],
    [`${'x'.repeat(300)}.jpeg`, `${'x'.repeat(195)}.jpeg`],
    ['é'.repeat(150), 'é'.repeat(100)],
    [`${'語'.repeat(100)}.jpg`, `${'語'.repeat(65)}.jpg`],
    [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(198)}`],
    [`CON${' '.repeat(300)}x.txt`, `_CON${' '.repeat(192)}.txt`],
  ];
  for (const [text, name] of cases) {
    it(`makes ${JSON.stringify(text.slice(0, 30))} ${JSON.stringify(name.slice(0, 30))}`, () => {
      assert.equal(safeName(text), name);
    });
  }

  it('is safe, a single name, and idempotent for any text', () => {
    fc.assert(
      fc.property(fc.oneof(dangerous, fc.string({ unit: 'binary', maxLength: 400 })), (text) => {
        const name = safeName(text);
        assertSafe(name);
        assert.equal(safeName(name), name);
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps a short extension, however long the name', () => {
    fc.assert(
      fc.property(dangerous, (text) => {
        assert.ok(safeName(`${text}x.jpeg`).endsWith('.jpeg'));
      }),
    );
  });
});

describe('nameFromUrl', () => {
  const nameOf = (url: string): string => {
    const units = new CodeUnits();
    units.load(url);
    return nameFromUrl(url, units);
  };

  const cases: [string, string][] = [
    ['/a/b.gif', 'b.gif'],
    ['/b.gif?size=/c.png', 'b.gif'],
    ['/', 'index.html'],
    ['/a/', 'index.html'],
    ['/a/?b', 'index.html'],
    ['/caf%C3%A9.txt', 'café.txt'],
    ['/caf%E9.txt', 'caf%E9.txt'],
    ['/100%.txt', '100%.txt'],
    ['/%2e%2e%2f', '_.._'],
    ['/a%2Fb', 'a_b'],
    ['/a%00b', 'a_b'],
    ['/CON', '_CON'],
    ['/con.tar.gz', '_con.tar.gz'],
    ['/com1', '_com1'],
    ['/com1.x', '_com1.x'],
    ['/com10', 'com10'],
    ['/.x', '_.x'],
    ['/-x', '_-x'],
    ['/x.', 'x_'],
    [`/${'x'.repeat(201)}`, 'x'.repeat(200)],
  ];
  for (const [path, name] of cases) {
    it(`makes ${path} ${name}`, () => assert.equal(nameOf(`http://h${path}`), name));
  }
});

describe('NameRegistry', () => {
  it('gives the name to who claims it first, and a hash of the URL to the rest', () => {
    const names = new NameRegistry();
    assert.equal(names.claim('a.tar.gz', 'http://one/a.tar.gz'), 'a.tar.gz');
    const second = names.claim('a.tar.gz', 'http://two/a.tar.gz');
    assert.match(second, /^a\.tar-[0-9a-f]{8}\.gz$/);
    assert.notEqual(names.claim('a.tar.gz', 'http://three/a.tar.gz'), second);
    assert.match(names.claim('a.tar.gz', 'http://two/a.tar.gz'), /^a\.tar-[0-9a-f]{8}\.gz$/);
  });

  it('gives one URL as many names as are claimed for it', () => {
    const names = new NameRegistry();
    const claimed = new Set(Array.from({ length: 100 }, () => names.claim('a.gif', 'http://h/a.gif')));
    assert.equal(claimed.size, 100);
  });

  it('keeps its hashes from version to version', () => {
    const names = new NameRegistry();
    names.claim('a', 'http://a');
    assert.equal(names.claim('a', 'http://a'), 'a-e76244d8');
    assert.equal(names.claim('_bashrc', 'http://a'), '_bashrc');
    assert.equal(names.claim('A', 'http://127.0.0.1:8188/c/000123.bin'), 'A-0e0865cc');
  });

  const same: [string, string][] = [
    ['readme', 'README'],
    ['caf\u00e9', 'cafe\u0301'],
    ['É', 'e\u0301'],
    ['σας', 'σασ'],
    ['ſ', 's'],
    ['ß', 'ẞ'],
    ['a\u200db', 'ab'],
  ];
  for (const [one, other] of same) {
    it(`takes ${JSON.stringify(one)} and ${JSON.stringify(other)} for the same name, in both orders`, () => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ] as const) {
        const names = new NameRegistry();
        assert.equal(names.claim(first, 'http://h/1'), first);
        assert.match(names.claim(second, 'http://h/2'), /-[0-9a-f]{8}$/);
      }
    });
  }

  it('takes every letter in upper and in lower case for the same', () => {
    const names = new NameRegistry();
    let letters = 0;
    for (let code = 0x80; code < 0x20000; code += 1) {
      const letter = String.fromCodePoint(code);
      if (letter.toLowerCase() === letter.toUpperCase()) continue;
      letters += 1;
      const [name, ...others] = [letter, letter.toLowerCase(), letter.toUpperCase()].map((each) => `${code} ${each}`);
      assert.equal(names.claim(name!, 'http://h/'), name);
      for (const other of others) assert.notEqual(names.claim(other, 'http://h/'), other);
    }
    assert.ok(letters > 2500, `${letters}`);
  });

  it('gives unique and safe names, the same ones in every run', () => {
    const wanted = fc.oneof(dangerous, fc.constantFrom('a', 'A', 'a.gif', 'A.GIF', 'é', 'e\u0301', 'x'.repeat(200)));
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 30 }), (texts) => {
        const claimAll = () => {
          const names = new NameRegistry();
          return texts.map((text, at) => names.claim(safeName(text), `http://h/${at % 7}`));
        };
        const names = claimAll();
        for (const name of names) {
          assertSafe(name);
          assert.equal(safeName(name), name);
          assert.equal(basename(name), name);
        }
        assert.equal(new Set(names.map((name) => name.normalize('NFC').toLowerCase())).size, texts.length);
        assert.equal(new Set(names.map((name) => name.normalize('NFC').toUpperCase())).size, texts.length);
        assert.deepEqual(claimAll(), names);
      }),
      { numRuns: 500 },
    );
  });

  it('finds a name for each of 20,000 URLs that end alike', () => {
    const names = new NameRegistry();
    const claimed = new Set(Array.from({ length: 20_000 }, (_, at) => names.claim('index.html', `http://h/${at}/`)));
    assert.equal(claimed.size, 20_000);
  });
});
