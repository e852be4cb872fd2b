import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';

import { CodeUnits } from '../../src/shared/code-units.js';
import { thorough } from '../helpers/thorough.js';
import { type Line, LineSplitter, MAX_LINE_BYTES } from '../../src/lists/lines.js';

/** The lines of a list that arrives in these chunks, all of them in the same memory. */
function linesOf(chunks: readonly Uint8Array[]): Line[] {
  const splitter = new LineSplitter(new CodeUnits());
  const memory = new Uint8Array(Math.max(1, ...chunks.map((chunk) => chunk.length)));
  const lines = chunks.flatMap((chunk) => {
    memory.fill(0x23);
    memory.set(chunk);
    return linesIn(splitter, memory.subarray(0, chunk.length));
  });
  splitter.end();
  const last = splitter.next();
  return last === undefined ? lines : [...lines, last];
}

function linesIn(splitter: LineSplitter, chunk: Uint8Array): Line[] {
  splitter.feed(chunk);
  const lines = [];
  for (let line; (line = splitter.next()) !== undefined;) lines.push(line);
  return lines;
}

function short(list: string | Uint8Array): (string | number)[][] {
  return linesOf([Buffer.from(list)]).map(({ number, text, fault }) => [number, fault?.message ?? text]);
}

describe('LineSplitter', () => {
  const cases: [string, string, (string | number)[][]][] = [
    ['LF and CRLF', 'a\nb\r\nc\n', [[1, 'a'], [2, 'b'], [3, 'c']]], // prettier-ignore
    ['a last line without LF', 'a\nb', [[1, 'a'], [2, 'b']]], // prettier-ignore
    ['a last line with CR only', 'a\nb\r', [[1, 'a'], [2, 'b']]], // prettier-ignore
    ['empty lines and comments, counted', '\n# x\n \t\r\n  #y\n#\u0000\na', [[6, 'a']]],
    ['what nobody sees around a line', '\u00a0\u200ba\u2060\n\u200b \n\u3000b\ufeff\n', [[1, 'a'], [3, 'b']]], // prettier-ignore
    ['blanks around a line, a tab within', ' \ta\tb \t\r\n', [[1, 'a\tb']]],
    ['a byte order mark, at the start and around a line', '\ufeffa\n\ufeffb\nb\ufeffb', [[1, 'a'], [2, 'b'], [3, 'b\ufeffb']]], // prettier-ignore
    ['UTF-8', 'é\n語\n😀', [[1, 'é'], [2, '語'], [3, '😀']]], // prettier-ignore
    ['nothing', '', []],
    ['NUL and ESC', 'a\u0000b\n\u001b[31m\nc', [[1, 'the control character U+0000'], [2, 'the control character U+001B'], [3, 'c']]], // prettier-ignore
    ['control characters beyond ASCII, and DEL', '\u009b\n\u007f', [[1, 'the control character U+009B'], [2, 'the control character U+007F']]], // prettier-ignore
    ['a lone CR', 'a\rb\nc\r\r\n', [[1, 'a carriage return (CR) within the line'], [2, 'a carriage return (CR) within the line']]], // prettier-ignore
  ];
  for (const [title, list, expected] of cases) {
    it(`reads ${title}`, () => assert.deepEqual(short(list), expected));
  }

  it('refuses what is not UTF-8, and goes on', () => {
    assert.deepEqual(short(Buffer.from('caf\xe9\nb\n\xed\xa0\x80\n', 'latin1')), [
      [1, 'not UTF-8'],
      [2, 'b'],
      [3, 'not UTF-8'],
    ]);
    assert.deepEqual(short('\ufffd'), [[1, '\ufffd']], 'a replacement character is a character');
  });

  it('takes 100,000 bytes, with or without BOM and CR, and refuses one more', () => {
    const longest = 'x'.repeat(MAX_LINE_BYTES);
    for (const list of [longest, `\ufeff${longest}\r\n`, `\ufeff${longest}\r`, `\n${longest}\r\n`]) {
      assert.deepEqual(short(list).map(([, text]) => text), [longest]); // prettier-ignore
      assert.deepEqual(short(list.replace('x', 'xx')).map(([, text]) => text), ['longer than 100,000 bytes']); // prettier-ignore
    }
  });

  it('holds no more than the limit of a line that does not end', () => {
    const splitter = new LineSplitter(new CodeUnits());
    const chunk = new Uint8Array(1 << 20).fill(0x78);
    const before = process.memoryUsage().arrayBuffers;
    for (let mebibytes = 0; mebibytes < 64; mebibytes += 1) assert.deepEqual(linesIn(splitter, chunk), []);
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 << 20);
    const lines = linesIn(splitter, Buffer.from('\nb\n'));
    assert.deepEqual(
      lines.map(({ number, text, fault }) => [number, text.length, fault?.message]),
      [[1, 400, 'longer than 100,000 bytes'], [2, 1, undefined]], // prettier-ignore
    );
  });

  it('reads the same lines wherever a list is cut into chunks', () => {
    const piece = fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r', '\t', ' ', '#', '\ufeff', '\0', '\u001b', 'é', '😀', 'http://h/a', '\u0085'),
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.constantFrom(99_990, 99_999, 100_000, 100_001, 100_004).map((length) => 'x'.repeat(length)),
    );
    const bytes = fc.oneof(
      { weight: 4, arbitrary: fc.array(piece, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)) },
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 12 }), (list, cuts) => {
        const places = [0, ...cuts.map((cut) => cut % (list.length + 1)).sort((a, b) => a - b), list.length];
        const chunks = places.slice(1).map((end, at) => list.subarray(places[at], end));
        assert.deepEqual(linesOf(chunks), linesOf([list]));
        if (list.length < 300) assert.deepEqual(linesOf(Array.from(list, (byte) => Buffer.of(byte))), linesOf([list]));
      }),
      { numRuns: thorough ? 2000 : 200 },
    );
  });
});
