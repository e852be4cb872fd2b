/**
 * Answers that bend the rules of HTTP, byte by byte as they were seen in the wild: a row for each. Whatever comes of one,
 * the next URL of the same server gets its own body.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../src/errors.js';
import { answer, END, pause, RESET, type Script, type Step } from '../helpers/raw-server.js';
import { assertFailure, deferred, type Ended, fetchOne, withServer } from './recording.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const LENGTH = 'Content-Length: 5\r\n';
const MOVED = 'HTTP/1.1 301 Moved\r\nLocation: /b\r\n';
const FLOOD = 'x'.repeat(70_000);

/** What becomes of an item: its body, or why there is none. */
type Fate =
  { readonly body: string; readonly marks?: Marks } | { readonly code: ErrorCode } | { readonly status: number };

/** That the answer breaks the rules, and that nothing proves the end of its body. */
interface Marks {
  readonly bent?: true;
  readonly unproven?: true;
}

/** Where there are pauses they are made anew for each request. */
type Bytes = string | readonly Step[] | (() => Script);

interface Row {
  readonly what: string;
  readonly bytes: Bytes;
  readonly fate: Fate;
  /** With `--strict`. */
  readonly strictly: Fate;
}

const HELLO: Fate = { body: 'hello' };
const GOOD: Fate = { body: 'good' };
const BENT: Fate = { body: 'hello', marks: { bent: true } };
const BROKEN: Fate = { code: 'HTTP_BROKEN' };
const EXCESS: Fate = { code: 'BODY_EXCESS' };

/** It keeps the rules. */
function allowed(what: string, bytes: Bytes, fate = HELLO): Row {
  return { what, bytes, fate, strictly: fate };
}

/** It breaks the rules, and what it means is beyond doubt. */
function bent(what: string, bytes: Bytes, strictly = BROKEN, fate = BENT): Row {
  return { what, bytes, fate, strictly };
}

function refused(what: string, bytes: Bytes, code: ErrorCode = 'HTTP_BROKEN'): Row {
  return { what, bytes, fate: { code }, strictly: { code } };
}

/** What breaks the rules, and breaks off besides. */
function brokenOff(what: string, bytes: Bytes, code: ErrorCode): Row {
  return { what, bytes, fate: { code }, strictly: BROKEN };
}

const ROWS: readonly Row[] = [
  // Statuses (RFC 9110, 15).
  allowed('the file as somebody on the way has changed it', `HTTP/1.1 203 Changed\r\n${LENGTH}\r\nhello`),
  allowed('all of the file as a part of it', `HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/5\r\n${LENGTH}\r\nhello`),
  refused('a part of the file', `HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/6\r\n${LENGTH}\r\nhello`, 'HTTP_STATUS'),
  refused('no part of the file that it tells', `HTTP/1.1 206 P\r\n${LENGTH}\r\nhello`, 'HTTP_STATUS'),
  refused('a length where there is no body', `HTTP/1.1 204 No Content\r\n${LENGTH}\r\nhello`, 'HTTP_STATUS'),
  refused('a status that nobody knows', `HTTP/1.1 999 Denied\r\n${LENGTH}\r\nhello`, 'HTTP_STATUS'),
  // Of these the body is of no account.
  allowed('404 that breaks off', ['HTTP/1.1 404 No\r\nContent-Length: 50\r\n\r\nhello', END], { status: 404 }),
  allowed('410 that is reset', () => ['HTTP/1.1 410 No\r\n\r\nhello', pause(30), RESET], { status: 410 }),
  refused('403 that breaks off', ['HTTP/1.1 403 No\r\nContent-Length: 50\r\n\r\nhello', END], 'HTTP_STATUS'),
  allowed('a redirect that breaks off', [`${MOVED}Content-Length: 50\r\n\r\nhello`, END], GOOD),
  allowed('a redirect whose chunks break off', [`${MOVED}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`, END], GOOD),
  allowed('a redirect that is reset', () => [`${MOVED}Content-Length: 50\r\n\r\nhello`, pause(30), RESET], GOOD),
  allowed('a redirect whose coding is none', `${MOVED}Content-Encoding: gzip\r\n${LENGTH}\r\nhello`, GOOD),
  allowed('a redirect to two places', `${MOVED}Location: /c\r\nContent-Length: 0\r\n\r\n`, GOOD),

  // Interim answers (RFC 9110, 15.2).
  allowed('100 before the answer', `HTTP/1.1 100 Continue\r\n\r\n${OK}${LENGTH}\r\nhello`),
  allowed('102 before the answer', `HTTP/1.1 102 Processing\r\n\r\n${OK}${LENGTH}\r\nhello`),
  allowed('103 with headers before the answer', `HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n${OK}${LENGTH}\r\nhello`),
  allowed('many interim answers', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50)}${OK}${LENGTH}\r\nhello`),
  allowed('100, and the answer later', () => [
    'HTTP/1.1 100 C\r\n\r\n',
    pause(30),
    `${OK}${LENGTH}\r\n`,
    pause(30),
    'hello',
  ]),
  allowed('100 before chunks', `HTTP/1.1 100 Continue\r\n\r\n${CHUNKED}5\r\nhello\r\n0\r\n\r\n`),
  allowed('100 before 404', 'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n', { status: 404 }),
  refused('interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(150)),
  refused('another protocol that nobody asked for, and the answer', `HTTP/1.1 101 S\r\n\r\n${OK}${LENGTH}\r\nhello`),
  refused('another protocol that nobody asked for', 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello'),
  bent('100 before an answer that breaks the rules', `HTTP/1.1 100 C\r\n\r\n${OK}X: a\r\n b\r\n${LENGTH}\r\nhello`),

  // Lines (RFC 9112, 2.2, 4 and 5).
  bent('a header that goes on in the next line', `${OK}X-A: one\r\n two\r\n${LENGTH}\r\nhello`),
  bent('a length in the line after its name', `${OK}Content-Length:\r\n\t5\r\n\r\nhello`),
  bent('chunks in the line after their name', `${OK}Transfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  bent('lines that end with LF alone', `HTTP/1.1 200 OK\nContent-Length: 5\n\nhello`),
  bent('one line that ends with LF alone', `${OK}X: y\n${LENGTH}\r\nhello`),
  bent('LF alone, in many pieces', () => [
    'HTTP/1.1 200 OK\nConte',
    pause(20),
    'nt-Length: 5\n',
    pause(20),
    '\nhel',
    pause(20),
    'lo',
  ]),
  bent('a space before the colon', `${OK}Content-Length : 5\r\n\r\nhello`),
  bent('a line without a colon', `${OK}that is no header\r\n${LENGTH}\r\nhello`),
  bent('its first line twice', `${OK}${OK}${LENGTH}\r\nhello`),
  bent('a name that is none', `${OK}X(1): y\r\nZwei Wörter: z\r\n${LENGTH}\r\nhello`),
  bent('a header without a name', `${OK}: y\r\n${LENGTH}\r\nhello`),
  allowed('no reason phrase', `HTTP/1.1 200\r\n${LENGTH}\r\nhello`),
  allowed('an empty reason phrase', `HTTP/1.1 200 \r\n${LENGTH}\r\nhello`),
  allowed('an empty line before it', `\r\n${OK}${LENGTH}\r\nhello`),
  allowed('other bytes than ASCII', `${OK}X: \xe9\xff\r\n${LENGTH}\r\nhello`),
  bent('a tab before the status', `HTTP/1.1\t200\tOK\r\n${LENGTH}\r\nhello`),
  bent('no space after the status', `HTTP/1.1 200OK\r\n${LENGTH}\r\nhello`),
  bent('its protocol in lower case', `http/1.1 200 OK\r\n${LENGTH}\r\nhello`),
  bent('a version that has lines all the same', `HTTP/2 200\r\n${LENGTH}\r\nhello`),
  allowed('a version of which the first digit is another', `HTTP/2.0 200 OK\r\n${LENGTH}\r\nhello`),
  bent('no version that there is', `HTTP/1.2 200 OK\r\n${LENGTH}\r\nhello`),
  refused('no version', `HTTP 200 OK\r\n${LENGTH}\r\nhello`),
  refused('a status of four digits', `HTTP/1.1 2000 OK\r\n${LENGTH}\r\nhello`),
  refused('a status below 100', `HTTP/1.1 099 OK\r\n${LENGTH}\r\nhello`),
  refused('a status of zeros', `HTTP/1.1 000 OK\r\n${LENGTH}\r\nhello`),
  refused('a space before it', ` ${OK}${LENGTH}\r\nhello`),
  refused('a byte order mark before it', `\xef\xbb\xbf${OK}${LENGTH}\r\nhello`),
  refused('another line before it', `X\r\n${OK}${LENGTH}\r\nhello`),
  allowed('empty lines before it', `\r\n\r\n\r\n${OK}${LENGTH}\r\nhello`),
  allowed(
    'another protocol that is offered',
    `${OK}Upgrade: h2,h2c\r\nConnection: Upgrade, Keep-Alive\r\n${LENGTH}\r\nhello`,
  ),
  allowed('a keep-alive that is none', `${OK}Keep-Alive: timeout=-1, max=\r\n${LENGTH}\r\nhello`),
  allowed('many headers', `${OK}${'X: y\r\n'.repeat(3_000)}${LENGTH}\r\nhello`),
  bent('a header that goes on with nothing', `${OK}X: a\r\n   \r\n${LENGTH}\r\nhello`),
  bent('a control character in a header', `${OK}X: a\x01b\r\n${LENGTH}\r\nhello`),
  bent('DEL in a header', `${OK}X: a\x7fb\r\n${LENGTH}\r\nhello`),
  bent('ESC in a name', `${OK}X\x1b[1m: b\r\n${LENGTH}\r\nhello`),
  refused('a control character in a length', `${OK}Content-Length: 5\x01\r\n\r\nhello`),
  refused('a control character where a length goes on', `${OK}Content-Length:\r\n \x0b5\r\n\r\nhello`),
  refused('a control character before a name that tells of the body', `${OK}\x01${LENGTH}\r\nhello`),
  bent('more than one space before the status', `HTTP/1.1  200 OK\r\n${LENGTH}\r\nhello`),
  refused('NUL in a header', `${OK}X: a\0b\r\n${LENGTH}\r\nhello`),
  refused('NUL in its first line', `HTTP/1.1 200 O\0K\n${LENGTH}\r\nhello`),
  refused('CR alone in a header', `${OK}X: a\rContent-Length: 2\r\n${LENGTH}\r\nhello`),
  refused('CR alone at the end of lines', `HTTP/1.1 200 OK\rContent-Length: 5\r\r\n\r\nhello`),
  refused('a first header that goes on before it begins', `${OK} Content-Length: 5\r\n\r\nhello`),
  refused('a status of two digits', `HTTP/1.1 20 OK\r\n${LENGTH}\r\nhello`),
  refused('no status', `HTTP/1.1 OK\r\n${LENGTH}\r\nhello`),
  refused('ICY', `ICY 200 OK\r\n${LENGTH}\r\nhello`),
  refused('HTTP/0.9', ['<html>hello</html>', END]),
  refused('the greeting of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'),
  refused('a header without end', ['HTTP/1.1 200 OK\nX: ', FLOOD]),
  refused('headers without end', [`${OK}X: a\r\n b\r\n`, 'X: y\r\n'.repeat(12_000), '\r\n']),

  // Lengths (RFC 9110, 8.6).
  bent('the same length twice', `${OK}${LENGTH}${LENGTH}\r\nhello`),
  bent('the same length in a list', `${OK}Content-Length: 5, 5\r\n\r\nhello`),
  bent('the same length in other words', `${OK}Content-Length: 05\r\ncontent-length:\t5\r\n\r\nhello`),
  allowed('spaces around a length', `${OK}Content-Length:  5 \r\n\r\nhello`),
  refused('two lengths', `${OK}${LENGTH}Content-Length: 6\r\n\r\nhello!`),
  refused('two lengths in a list', `${OK}Content-Length: 5, 6\r\n\r\nhello!`),
  refused('a negative length', `${OK}Content-Length: -5\r\n\r\nhello`),
  refused('a length with a sign', `${OK}Content-Length: +5\r\n\r\nhello`),
  refused('a length in hexadecimals', `${OK}Content-Length: 0x5\r\n\r\nhello`),
  refused('a length with a fraction', `${OK}Content-Length: 5.0\r\n\r\nhello`),
  refused('an empty length', `${OK}Content-Length: \r\n\r\nhello`),
  refused('a length and an empty one', `${OK}Content-Length: 5,\r\n\r\nhello`),
  refused('a length beyond all bounds', `${OK}Content-Length: ${'9'.repeat(30)}\r\n\r\nhello`),
  refused('a length beyond what a number holds', `${OK}${LENGTH}Content-Length: 9007199254740993\r\n\r\nhello`),
  bent('more than its length', `${OK}${LENGTH}\r\nhello world`, EXCESS),
  bent('more than its length, in HTTP/1.0', [`HTTP/1.0 200 OK\r\n${LENGTH}\r\nhello world`, END], EXCESS),
  bent('more than its length, the body apart', () => [`${OK}${LENGTH}\r\n`, pause(30), 'hello world'], EXCESS),
  bent('what looks like an answer after its length', `${OK}${LENGTH}\r\nhello${OK}${LENGTH}\r\nplant`, EXCESS),
  bent('the same length twice, and more', `${OK}${LENGTH}${LENGTH}\r\nhello world`),
  brokenOff('less than the same length twice', [`${OK}${LENGTH}${LENGTH}\r\nhel`, END], 'BODY_CUT'),
  brokenOff(
    'a reset within the same length twice',
    () => [`${OK}${LENGTH}${LENGTH}\r\nhel`, pause(30), RESET],
    'NET_RESET',
  ),
  bent('lines that end with LF alone, and no length', ['HTTP/1.1 200 OK\n\nhello', END], BROKEN, {
    body: 'hello',
    marks: { bent: true, unproven: true },
  }),

  // A length and chunks (RFC 9112, 6.3).
  bent('a length and chunks', `${OK}${LENGTH}Transfer-Encoding: chunked\r\n\r\n7\r\nhello, \r\n0\r\n\r\n`, BROKEN, {
    body: 'hello, ',
    marks: { bent: true },
  }),
  bent('chunks and a length', `${CHUNKED.slice(0, -2)}${LENGTH}\r\n2\r\nhe\r\n0\r\n\r\n`, BROKEN, {
    body: 'he',
    marks: { bent: true },
  }),
  brokenOff('a length and half of the chunks', [`${CHUNKED.slice(0, -2)}${LENGTH}\r\n5\r\nhello\r\n`, END], 'BODY_CUT'),
  brokenOff(
    'a length, chunks that are announced, and none',
    `${CHUNKED.slice(0, -2)}${LENGTH}\r\nhello`,
    'HTTP_BROKEN',
  ),
  refused('two lengths and chunks', `${CHUNKED.slice(0, -2)}${LENGTH}Content-Length: 6\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  bent('no coding of the transfer', `${OK}Transfer-Encoding: identity\r\n${LENGTH}\r\nhello`),
  allowed('chunks in a list', `${OK}Transfer-Encoding: identity, , Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  allowed(
    'chunks twice',
    `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ),
  ...[
    'gzip, chunked',
    'chunked;',
    'chunked;q=1',
    '"chunked"',
    'chunked, gzip',
    'chunked, identity',
    'gzip',
    'none',
  ].map((coding) =>
    refused(`the coding of the transfer '${coding}', and the end of the connection`, [
      `${OK}Transfer-Encoding: ${coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      END,
    ]),
  ),
  refused('gzip and chunks, told apart', [
    `${OK}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    END,
  ]),
  refused('a coding of the transfer that nobody asked for', `${OK}Transfer-Encoding: gzip\r\n${LENGTH}\r\nhello`),

  // Chunks (RFC 9112, 7.1).
  bent('chunks whose sizes end with LF alone', `${CHUNKED}5\nhello\r\n0\n\r\n`),
  bent('chunks in which all lines end with LF alone', `${CHUNKED}5\nhello\n0\n\n`),
  bent('a later chunk whose size ends with LF alone', () => [
    `${CHUNKED}2\r\nhe\r\n`,
    pause(30),
    '3\nllo\r\n0\r\n\r\n',
  ]),
  bent('all lines with LF alone', 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n'),
  bent('LF alone and the end of the connection', [`${CHUNKED}5\nhello\n0\n\n`, END]),
  bent('a space after the size of a chunk', `${CHUNKED}5 \r\nhello\r\n0 \r\n\r\n`),
  bent('a space before the size of a chunk', `${CHUNKED} 5\r\nhello\r\n0\r\n\r\n`),
  allowed('something said of a chunk', `${CHUNKED}5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n`),
  allowed('trailers', `${CHUNKED}5\r\nhello\r\n0\r\nX: y\r\n\r\n`),
  refused('a control character in what is said of a chunk', `${CHUNKED}5;a\0\n hello\r\n0\r\n\r\n`),
  bent('a length among the trailers', `${CHUNKED}5\r\nhello\r\n0\r\nContent-Length: 2\r\n\r\n`),
  bent('trailers whose lines end with LF alone', `${CHUNKED}5\nhello\n0\nX: y\n\n`),
  allowed('the size of a chunk with zeros before it', `${CHUNKED}00005\r\nhello\r\n000\r\n\r\n`),
  refused('a chunk without a size', `${CHUNKED}\r\nhello\r\n0\r\n\r\n`),
  refused('a chunk whose size is no number', `${CHUNKED}zz\r\nhello\r\n0\r\n\r\n`),
  refused('a chunk whose size has a prefix', `${CHUNKED}0x5\r\nhello\r\n0\r\n\r\n`),
  refused('a chunk whose size is negative', `${CHUNKED}-5\r\nhello\r\n0\r\n\r\n`),
  refused('a chunk whose size is beyond all bounds', `${CHUNKED}${'f'.repeat(20)}\r\nhello\r\n0\r\n\r\n`),
  refused('a chunk that is longer than its size', `${CHUNKED}4\nhello\r\n0\r\n\r\n`),
  refused('trailers without end', [`${CHUNKED}5\nhello\n0\n`, 'X: y\r\n'.repeat(12_000)]),
  brokenOff('chunks with LF alone that are cut', [`${CHUNKED}5\nhello\n`, END], 'BODY_CUT'),
  refused('chunks that lack the last line', [`${CHUNKED}5\r\nhello\r\n0\r\n`, END], 'NET_RESET'),
  refused('an empty line between chunks', `${CHUNKED}2\r\nhe\r\n\r\n3\r\nllo\r\n0\r\n\r\n`),
  refused('a chunk that does not end', `${CHUNKED}5\r\nhello0\r\n\r\n`),
  bent('a quote that does not end in what is said of a chunk', `${CHUNKED}5;a="\r\nhello\r\n0\r\n\r\n`),
  bent('a semicolon after the size of a chunk', `${CHUNKED}5;\r\nhello\r\n0;\r\n\r\n`),
  allowed('an empty line after the last chunk', `${CHUNKED}5\r\nhello\r\n0\r\n\r\n\r\n`),
  bent('an empty line after its length', `${OK}${LENGTH}\r\nhello\r\n`, EXCESS),
  brokenOff('chunks with LF alone that lack the last line', [`${CHUNKED}5\nhello\n0\n`, END], 'BODY_CUT'),

  // What is said of the coding (RFC 9110, 8.4).
  ...[
    'none',
    'UTF-8',
    'utf8',
    'binary',
    'aws-chunked',
    'identity',
    '',
    ' , ',
    'None, identity',
    'base64',
    'image/jpeg',
    'windows-1252',
    'ISO-8859-15',
    'undefined',
  ].map((coding) => allowed(`the coding '${coding}'`, `${OK}${LENGTH}Content-Encoding: ${coding}\r\n\r\nhello`)),
  {
    what: 'no coding, and no length',
    bytes: [`${OK}Content-Encoding: none\r\n\r\nhello`, END],
    fate: { body: 'hello', marks: { unproven: true } },
    strictly: { code: 'BODY_UNPROVEN' },
  },
  {
    what: 'gzip, and not a byte before the end of the connection',
    bytes: [`${OK}Content-Encoding: gzip\r\n\r\n`, END],
    fate: { code: 'BODY_CUT' },
    strictly: { code: 'BODY_CUT' },
  },
];

/** What says nothing against the connection. */
const OF_KEPT_CONNECTIONS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['HTTP_STATUS', 'HTTP_REDIRECT']);

describe('an answer', () => {
  for (const { what, bytes, fate, strictly } of ROWS) {
    for (const strict of [false, true]) {
      const expected = strict ? strictly : fate;
      it(`with ${what} is ${'code' in expected ? expected.code : 'taken'}${strict ? ' with --strict' : ''}`, () =>
        withServer(
          { onRequest: ({ path }) => (path === '/a' ? scriptOf(bytes) : [answer('good')]) },
          async (server, connections) => {
            // As the pipeline does: the next request goes out from inside the callback that ends this one.
            const next = deferred<Ended>();
            const ended = await fetchOne(connections, `${server.origin}/a`, {
              strict,
              onEnd: () => void fetchOne(connections, `${server.origin}/b`).then(next.resolve, next.reject),
            });
            assert.deepEqual(await next.promise, { kind: 'body', text: 'good', chunks: 1, encoding: '' });
            assertFate(ended, expected);
            const [last, ...before] = server.requests.map(({ connection }) => connection).toReversed();
            const isBroken = 'code' in strictly && !OF_KEPT_CONNECTIONS.has(strictly.code);
            if (isBroken) assert.ok(!before.includes(last as number), 'a connection was used again');
            assert.ok(before.length <= 2, `asked for ${before.length} times`);
          },
        ));
    }
  }
});

function scriptOf(bytes: Bytes): Script {
  if (typeof bytes === 'function') return bytes();
  return typeof bytes === 'string' ? [bytes] : bytes;
}

function assertFate(ended: Ended, fate: Fate): void {
  if ('code' in fate) {
    assertFailure(ended, fate.code);
  } else if ('status' in fate) {
    assert.deepEqual(ended, { kind: 'not_found', status: fate.status });
  } else {
    assert.equal(ended.kind, 'body', JSON.stringify(ended));
    const { text, encoding, chunks: _, kind: __, ...marks } = ended;
    assert.deepEqual({ text, encoding, marks }, { text: fate.body, encoding: '', marks: fate.marks ?? {} });
  }
}
