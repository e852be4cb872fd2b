/** Lists and names that are meant to do harm: refused with their numbers, or made safe; the run goes on. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { answer, startRawServer } from '../../helpers/raw-server.js';
import { filesBelow } from '../../helpers/folders.js';
import { Place } from '../../helpers/soundness.js';
import { thorough } from '../../helpers/thorough.js';

const timeout = 600_000;
/** Runs of the whole command. */
const RUNS = thorough ? 60 : 3;

/** What a terminal might obey, or show otherwise than it is: all control characters but LF, and what turns text around. */
// eslint-disable-next-line no-control-regex
const HARMFUL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

function assertHarmless(text: string): void {
  const found = HARMFUL.exec(text);
  assert.equal(found, null, `U+${found?.[0].codePointAt(0)?.toString(16)} in ${JSON.stringify(text.slice(0, 2000))}`);
}

describe('a list', { timeout }, () => {
  test('with CR, LF, NUL, ESC, long lines, other encodings and a BOM: refused by number, and the run goes on', async (t) => {
    await using server = await startRawServer({ onRequest: ({ path }) => [answer(path)] });
    const { origin } = server;
    const lines: [bytes: string, good: boolean][] = [
      [`\xef\xbb\xbf${origin}/bom`, true],
      [`${origin}/crlf\r`, true],
      [`${origin}/a\r${origin}/b`, false],
      [`${origin}/nul\0`, false],
      [`${origin}/\x1b[2J\x1b]0;owned\x07`, false],
      [`${origin}/\x9b31m`, false],
      [`${origin}/caf\xe9`, false],
      [`${origin}/caf\xc3\xa9`, true],
      [`${origin}/overlong\xc0\xaf`, false],
      [`${origin}/long?${'x'.repeat(200_000)}`, false],
      [`http://${'x'.repeat(100_000)}`, false],
      [`\xe2\x80\xae${origin}/turned`, false],
      ['javascript:alert(1)', false],
      ['file:///etc/passwd', false],
      ['-o/etc/passwd', false],
      [`${origin}/last`, true],
    ];
    const place = new Place(t);
    const { status, stdout, stderr, report } = await place.get(['-i', '-', '-v'], {
      input: Buffer.from(lines.map(([bytes]) => bytes).join('\n'), 'latin1'),
    });
    assert.equal(status, 1, stderr);
    assertHarmless(stdout + stderr);
    assertHarmless(JSON.stringify(report?.failures));
    const refused = [...stderr.matchAll(/<stdin>:(\d+): /g)].map(([, number]) => Number(number));
    assert.deepEqual(
      refused.toSorted((a, b) => a - b),
      lines.flatMap(([, good], index) => (good ? [] : [index + 1])),
    );
    assert.deepEqual(report?.causes, { LIST_LINE: refused.length });
    place.assertSound({
      bom: Buffer.from('/bom'),
      crlf: Buffer.from('/crlf'),
      café: Buffer.from('/caf%C3%A9'),
      last: Buffer.from('/last'),
    });
  });

  test('that names a URL three times and two URLs alike: one download, all lines accounted for, stable names', async (t) => {
    await using server = await startRawServer({ onRequest: ({ path }) => [answer(path)] });
    const { origin } = server;
    const input = [`${origin}/x/a`, `${origin}/x/a`, `${origin}/y/a`, `${origin}/x/a#part`].join('\n');
    const trees: string[][] = [];
    for (const _ of [1, 2]) {
      const place = new Place(t);
      const { status, stderr, report } = await place.get(['-i', '-'], { input });
      assert.equal(status, 0, stderr);
      assert.deepEqual([report?.ok, report?.duplicates, report?.errors], [2, 2, 0]);
      trees.push(readdirSync(place.directory).filter((name) => name !== '.sluice'));
      const other = trees[0]?.find((name) => name !== 'a') as string;
      place.assertSound({ a: Buffer.from('/x/a'), [other]: Buffer.from('/y/a') });
    }
    assert.equal(server.requests.length, 4);
    assert.deepEqual(trees[0], trees[1]);
  });

  test('of anything at all: every line is accounted for, nothing lies outside, nothing harms a terminal', async (t) => {
    await using server = await startRawServer({ onRequest: ({ path }) => [answer(path)] });
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '..',
        '%2e%2e%2f',
        '%00',
        '%1b[2J',
        '\x1b',
        '\r',
        '\t',
        '\0',
        'CON',
        'a:',
        '-',
        '.sluice',
        '#',
        '?',
        '@',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    );
    const url = fc.array(piece, { maxLength: 6 }).map((pieces) => `${server.origin}/${pieces.join('')}`);
    const line = fc.oneof(
      { weight: 4, arbitrary: url },
      { weight: 2, arbitrary: fc.tuple(url, fc.array(piece, { maxLength: 4 })).map(([a, b]) => `${a}\t${b.join('')}`) },
      { weight: 1, arbitrary: fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 50, maxLength: 100 }), fc.boolean(), async (lines, isTar) => {
        const place = new Place(t);
        const asked = server.requests.length;
        const { status, stdout, stderr, report } = await place.get(
          ['-i', '-', '-v', ...(isTar ? ['--layout', 'tar'] : [])],
          { input: lines.join('\n') },
        );
        assert.ok(status === 0 || status === 1, stderr);
        assertHarmless(stdout + stderr);
        place.assertSurroundings();
        const { ok = 0, errors = 0, duplicates = 0, causes = {} } = report ?? {};
        assert.ok(ok + errors + duplicates <= lines.join('\n').split('\n').length);
        assert.equal(errors, causes['LIST_LINE'] ?? 0, stderr);
        assert.equal(server.requests.length - asked, ok);
        const names = readdirSync(place.directory).filter((name) => !name.startsWith('.sluice'));
        if (!isTar) assert.equal(names.length, ok);
        for (const name of names) assertHarmless(name);
      }),
      { numRuns: RUNS, ...(thorough ? {} : { seed: 7 }) },
    );
  });
});

describe('names that lead elsewhere or mean something else', { timeout }, () => {
  const paths = [
    '..',
    '../../canary',
    '%2e%2e%2f%2e%2e%2fcanary',
    '..%2f..%2f..%2fcanary',
    '..%5c..%5ccanary',
    '%2fetc%2fx',
    'CON',
    'con.txt',
    'LPT1.gif',
    'a:',
    'a%3ab',
    'C:%5cwindows',
    'x'.repeat(300),
    `${'é'.repeat(150)}.gif`,
    'caf%C3%A9',
    'cafe%CC%81',
    'A',
    'a',
    '-rf',
    '--help',
    '.sluice',
    '.sluice%2fjournal',
    '.hidden',
    'trailing.',
    'trailing%20',
    '%00',
    '%1b%5b2J',
    '%E2%80%AEgnp.exe',
    'nul%00.gif',
    '~',
    '$(id)',
    '',
  ];

  test('are safe, unique, inside the destination, and the same in every run', async (t) => {
    await using server = await startRawServer({ onRequest: ({ path }) => [answer(path)] });
    // By their paths, and by the names that a list gives them.
    const input = [
      ...paths.map((path, n) => `${server.origin}/${n}/${path}`),
      ...paths.map((path, n) => `${server.origin}/given/${n}\t${decodeURIComponent(path.replace('%00', ''))}`),
      `${server.origin}/given/etc\t/etc/x`,
    ];
    const trees: string[][] = [];
    for (const layout of ['flat', 'flat', 'hashed']) {
      const place = new Place(t);
      const { stderr, report } = await place.get(['-i', '-', '-v', '--layout', layout], { input: input.join('\n') });
      assertHarmless(stderr);
      assert.equal((report?.ok ?? 0) + (report?.errors ?? 0) + (report?.duplicates ?? 0), input.length, stderr);
      // Those with an escape sequence in the list itself.
      assert.deepEqual(report?.causes, { LIST_LINE: 1 }, stderr);
      place.assertSurroundings();
      const names = filesBelow(place.directory).filter((name) => !name.startsWith('.sluice'));
      if (layout === 'hashed') continue;
      assert.equal(names.length, report?.ok);
      assert.equal(new Set(names.map((name) => name.normalize('NFC').toUpperCase())).size, names.length);
      for (const name of names) {
        assertHarmless(name);
        // A slash in a name that is given is a folder.
        for (const part of name.split('/')) {
          assert.ok(Buffer.byteLength(part) <= 200, name);
          assert.doesNotMatch(part, /^[-.]|[. ]$|[<>:"\\|?*]|^(?:con|nul|prn|aux|lpt\d|com\d)(?:\.|$)/i);
        }
      }
      trees.push(names);
    }
    assert.deepEqual(trees[0], trees[1]);
  });
});
