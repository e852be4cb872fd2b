/**
 * Answers over HTTP/2, frame by frame: a row for each. Whatever comes of one, the next URL of the same server gets its own
 * body.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../src/errors.js';
import { Connections } from '../../src/fetch/client.js';
import { Way } from '../../src/fetch/way.js';
import { noOpenssl, suiteCertificates } from '../helpers/certificates.js';
import { data, type Frames, frame, goaway, headers, reset, startRawHttp2 } from '../helpers/raw-http2.js';
import { assertFailure, type Ended, fetchOne } from './recording.js';

const OK = { ':status': '200' };
const HTTP1 = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother';

/** What becomes of an item: its body, or why there is none. */
type Fate = { readonly body: string } | { readonly code: ErrorCode } | { readonly status: number };

interface Row {
  readonly what: string;
  readonly frames: Frames;
  readonly fate: Fate;
  /** With `--strict`. */
  readonly strictly: Fate;
  /** Before Node 22 nobody is told: it is taken for a server that does not answer. */
  readonly isUntold?: boolean;
}

/** What is not HTTP/2 at all. */
function broken(what: string, frames: Frames, isUntold = false): Row {
  return { what, fate: OTHER, frames, strictly: BROKEN, isUntold };
}

function row(what: string, fate: Fate, frames: Frames): Row {
  return { what, frames, fate, strictly: fate };
}

const HELLO: Fate = { body: 'hello' };
const RESET: Fate = { code: 'NET_RESET' };
/** It is no HTTP/2, so it is asked for once more over HTTP/1.1; with `--strict` not. */
const OTHER: Fate = { body: 'other' };
const BROKEN: Fate = { code: 'HTTP_BROKEN' };

const ROWS: readonly Row[] = [
  row('a body and its length', HELLO, (s) => [headers(s, { ...OK, 'content-length': '5' }), data(s, 'hello', true)]),
  row('a body without its length', HELLO, (s) => [headers(s, OK), data(s, 'hel'), data(s, 'lo', true)]),
  row('a body that an empty frame ends', HELLO, (s) => [headers(s, OK), data(s, 'hello'), data(s, '', true)]),
  row('a body in one packet with its answer', HELLO, (s) => [Buffer.concat([headers(s, OK), data(s, 'hello', true)])]),
  row('no body', { body: '' }, (s) => [headers(s, OK, true)]),
  row('trailers after the body', HELLO, (s) => [headers(s, OK), data(s, 'hello'), headers(s, { x: 'y' }, true)]),
  row('a reset without an error after the body', HELLO, (s) => [headers(s, OK), data(s, 'hello', true), reset(s, 0)]),
  row('103 before the answer', HELLO, (s) => [
    headers(s, { ':status': '103', link: '</a>' }),
    headers(s, OK),
    data(s, 'hello', true),
  ]),
  row('404', { status: 404 }, (s) => [headers(s, { ':status': '404' }), data(s, 'gone', true)]),
  row('404 that is reset', { status: 404 }, (s) => [headers(s, { ':status': '404' }), data(s, 'go'), reset(s, 2)]),
  row('403', { code: 'HTTP_STATUS' }, (s) => [headers(s, { ':status': '403' }, true)]),
  // Node ends these as it ends what is whole.
  row('a body that is reset without an error', RESET, (s) => [headers(s, OK), data(s, 'hel'), reset(s, 0)]),
  row('a body of a length that is reset without an error', RESET, (s) => [
    headers(s, { ...OK, 'content-length': '5' }),
    data(s, 'hel'),
    reset(s, 0),
  ]),
  row('a body that is cancelled', RESET, (s) => [headers(s, OK), data(s, 'hel'), reset(s, 8)]),
  row('a body that ends with its connection', RESET, (s) => [headers(s, OK), data(s, 'hel'), 'end']),
  row('a body whose connection is left', RESET, (s) => [headers(s, OK), data(s, 'hel'), goaway(s, 0), 'end']),
  row('an answer that ends with its connection', RESET, (s) => [headers(s, OK), 'end']),
  row('the end of the connection', RESET, () => ['end']),
  // These it tells.
  row('a body that fails at the server', RESET, (s) => [headers(s, OK), data(s, 'hel'), reset(s, 2)]),
  row('a body whose connection is reset', RESET, (s) => [headers(s, OK), data(s, 'hel'), 'reset']),
  row('a body whose connection ends with an error', RESET, (s) => [headers(s, OK), data(s, 'hel'), goaway(s, 2)]),
  row('a refused stream', { body: 'good' }, (s) => [reset(s, 7)]),
  row('a connection that is left before it is answered', { body: 'good' }, () => [goaway(0, 0)]),
  broken('fewer bytes than its length', (s) => [headers(s, { ...OK, 'content-length': '6' }), data(s, 'hello', true)]),
  broken('more bytes than its length', (s) => [headers(s, { ...OK, 'content-length': '4' }), data(s, 'hello', true)]),
  broken('two lengths', (s) => [headers(s, { ...OK, 'content-length': '5, 6' }), data(s, 'hello', true)]),
  broken('a body without an answer', (s) => [data(s, 'hello', true)], true),
  broken('an answer without a status', (s) => [headers(s, { server: 'x' }), data(s, 'hello', true)]),
  broken('a header of connections', (s) => [headers(s, { ...OK, 'transfer-encoding': 'chunked' }, true)]),
  broken('a server that wants HTTP/1.1', (s) => [reset(s, 13)]),
  broken('no frames', () => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], true),
  broken(
    'a frame that is longer than allowed',
    (s) => [headers(s, OK), frame('data', 1, s, Buffer.alloc(1 << 18))],
    true,
  ),
];

describe('over HTTP/2', { skip: noOpenssl, concurrency: 8 }, () => {
  const certificates = suiteCertificates();

  function assertFate(ended: Ended, fate: Fate): void {
    if ('code' in fate) assertFailure(ended, fate.code);
    else if ('status' in fate) assert.deepEqual(ended, { kind: 'not_found', status: fate.status });
    else {
      assert.deepEqual(ended.kind === 'body' && [ended.text, ended.unproven, ended.bent], [
        fate.body,
        undefined,
        undefined,
      ]);
    }
  }

  for (const { what, frames, fate, strictly, isUntold = false } of ROWS) {
    for (const strict of [false, true]) {
      it(`${what}${strict ? ', strictly' : ''}`, async () => {
        const good: Frames = (s) => [headers(s, OK), data(s, 'good', true)];
        await using server = await startRawHttp2(certificates.tls, [frames, good], HTTP1);
        const way = new Way({ tls: { ca: certificates.ca, insecure: false } });
        const connections = new Connections({ way, timeout: isUntold ? 3_000 : 30_000, http2: true });
        try {
          const ended = await fetchOne(connections, `${server.origin}/a`, { strict });
          if (!isUntold || ended.kind !== 'failure' || ended.error.code !== 'NET_TIMEOUT') {
            assertFate(ended, strict ? strictly : fate);
          }
          assertFate(await fetchOne(connections, `${server.origin}/b`, { strict }), { body: 'good' });
        } finally {
          await connections.destroy();
        }
      });
    }
  }
});
