/** Large bodies that break off go on where they were, if the server proves that they are the same; else they begin anew. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { noise } from '../helpers/bodies.js';
import {
  answer,
  END,
  pause,
  type RawRequest,
  type RawServer,
  RESET,
  type Script,
  type Step,
  startRawServer,
} from '../helpers/raw-server.js';
import { until } from '../helpers/signals.js';
import { Place } from '../helpers/soundness.js';

const timeout = 600_000;
const MIB = 1 << 20;
const BODY = noise(6 * MIB + 4_321, 1);
const OTHER = noise(6 * MIB + 4_321, 2);
const CUT = 4 * MIB + 123;
const TAG = 'ETag: "one"\r\n';

function rangeOf({ head }: RawRequest): { readonly from: number; readonly condition: string } | undefined {
  const from = /^range: bytes=(\d+)-\s*$/im.exec(head)?.[1];
  const condition = /^if-range: (.*?)\s*$/im.exec(head)?.[1] ?? '';
  return from === undefined ? undefined : { from: Number(from), condition };
}

function rest(
  body: Uint8Array,
  from: number,
  headers = TAG,
  range = `bytes ${from}-${body.length - 1}/${body.length}`,
) {
  return answer(body.subarray(from), `${headers}Content-Range: ${range}\r\n`, '206 Partial Content');
}

/** How an answer tells where its body ends, besides by a length. */
const FRAMINGS: Readonly<Record<string, (body: Uint8Array) => readonly [headers: string, ...body: Step[]]>> = {
  'in chunks': (body) => ['Transfer-Encoding: chunked\r\n', ...inChunks(body)],
  'up to the end of the connection': (body) => ['Connection: close\r\n', body, END],
};

function* inChunks(body: Uint8Array): Generator<Step> {
  for (let at = 0; at < body.length; at += 100_000) {
    const piece = body.subarray(at, at + 100_000);
    yield `${piece.length.toString(16)}\r\n`;
    yield piece;
    yield '\r\n';
  }
  yield '0\r\n\r\n';
}

/** The rest of a body, of which no more than `sent` comes. */
function* restIn(framing: string, from: number, sent = BODY.subarray(from)): Generator<Step> {
  const [headers, ...body] = (FRAMINGS[framing] as (typeof FRAMINGS)[string])(sent);
  const range = `Content-Range: bytes ${from}-${BODY.length - 1}/${BODY.length}\r\n`;
  yield `HTTP/1.1 206 Partial Content\r\n${TAG}${range}${headers}\r\n`;
  yield* body;
}

/** The beginning of an answer, then nothing more. */
function* broken(body: Uint8Array, headers: string, length = CUT): Generator<Step> {
  const whole = answer(body, headers);
  yield whole.subarray(0, whole.length - body.length + length);
  yield END;
}

async function serve(t: TestContext, onRequest: (request: RawRequest) => Script): Promise<RawServer> {
  const server = await startRawServer({ onRequest });
  t.after(() => server.close());
  return server;
}

function partialsOf(place: Place): string[] {
  const folder = join(place.directory, '.sluice', 'partial');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** Bytes of the largest beginning that is kept. */
function keptOf(place: Place): number {
  return Math.max(0, ...partialsOf(place).map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0));
}

/** One body that breaks off, then what `next` answers; every run must end with the right body. */
async function run(
  t: TestContext,
  {
    headers = TAG,
    next,
    expected = BODY,
    args = [],
  }: {
    readonly headers?: string;
    readonly next: (request: RawRequest) => Script;
    readonly expected?: Uint8Array;
    readonly args?: readonly string[];
  },
): Promise<RawServer> {
  const server = await serve(t, (request) => (request.number === 1 ? broken(BODY, headers) : next(request)));
  const place = new Place(t, true);
  const { status, stderr } = await place.get([...args, `${server.origin}/a`]);
  assert.equal(status, 0, stderr);
  place.assertSound({ a: expected });
  assert.deepEqual(partialsOf(place), []);
  assert.ok(!existsSync(join(place.directory, '.sluice', 'partial')));
  return server;
}

describe('a large body that breaks off goes on where it was', { timeout }, () => {
  for (const executor of ['pool', 'inline', 'libuv']) {
    test(`${executor}: its rest is asked for once, and its checksum is that of the whole`, async (t) => {
      const server = await serve(t, function* (request) {
        const range = rangeOf(request);
        if (range !== undefined) {
          yield rest(BODY, range.from);
          return;
        }
        yield answer(BODY, TAG).subarray(0, -BODY.length + CUT);
        // A reset takes back what was not read yet.
        yield until(() => keptOf(place) > MIB);
        yield RESET;
      });
      const place = new Place(t, true);
      const { status, stderr } = await place.get(['--executor', executor, `${server.origin}/a`]);
      assert.equal(status, 0, stderr);
      place.assertSound({ a: BODY });
      assert.deepEqual(partialsOf(place), []);
      assert.equal(server.requests.length, 2);
      const range = rangeOf(server.requests[1] as RawRequest);
      assert.ok(range !== undefined && range.from > MIB && range.from <= CUT, JSON.stringify(range));
      assert.equal(range.condition, '"one"');
      // As the journal has it: were it another, the file would not be believed.
      const { status: checked, stderr: said } = await place.get([`${server.origin}/a`]);
      assert.equal(checked, 0, said);
      assert.equal(server.requests.length, 2);
    });
  }

  test('breaking off again and again, with --layout hashed', async (t) => {
    const server = await serve(t, function* (request) {
      const from = rangeOf(request)?.from ?? 0;
      const whole = from === 0 ? answer(BODY, TAG) : rest(BODY, from);
      yield whole.subarray(0, Math.min(whole.length, 2 * MIB));
      yield pause(50);
      if (whole.length > 2 * MIB) yield END;
    });
    const place = new Place(t, true);
    const { status, stderr } = await place.get(['--layout', 'hashed', `${server.origin}/body`]);
    assert.equal(status, 0, stderr);
    const names = readdirSync(place.directory, { recursive: true, encoding: 'utf8' });
    const file = names.find((name) => name.endsWith('/body'));
    assert.ok(readFileSync(join(place.directory, file as string)).equals(BODY));
    const asked = server.requests.map((request) => rangeOf(request)?.from ?? 0);
    assert.ok(
      asked.length >= 4 && asked.every((from, i) => i === 0 || from > (asked[i - 1] as number)),
      asked.join(', '),
    );
  });

  test('known by its last change, where that is old enough', async (t) => {
    const headers = 'Date: Sat, 21 Nov 2026 14:00:00 GMT\r\nLast-Modified: Sat, 21 Nov 2026 13:58:00 GMT\r\n';
    const server = await run(t, {
      headers,
      next: function* (request) {
        yield rest(BODY, rangeOf(request)?.from ?? 0, '');
      },
    });
    assert.equal(rangeOf(server.requests[1] as RawRequest)?.condition, 'Sat, 21 Nov 2026 13:58:00 GMT');
    assert.equal(server.requests.length, 2);
  });

  test('behind a redirect to the same place, whatever signature it has; the redirect is not asked for a part', async (t) => {
    const server = await serve(t, function* (request) {
      const range = rangeOf(request);
      if (request.path === '/a') yield answer('', `Location: /b?signature=${request.number}\r\n`, '302 Found');
      else if (range === undefined) yield* broken(BODY, TAG);
      else yield rest(BODY, range.from);
    });
    const place = new Place(t, true);
    assert.equal((await place.get([`${server.origin}/a`])).status, 0);
    place.assertSound({ a: BODY });
    assert.deepEqual(
      server.requests.map((request) => [request.path.slice(0, 2), rangeOf(request) !== undefined]),
      [
        ['/a', false],
        ['/b', false],
        ['/a', false],
        ['/b', true],
      ],
    );
  });

  for (const framing of Object.keys(FRAMINGS)) {
    test(`when its rest comes ${framing}, and its end is proven`, async (t) => {
      const server = await run(t, {
        args: ['--strict', '--tries', '2'],
        next: (request) => restIn(framing, rangeOf(request)?.from ?? 0),
      });
      assert.equal(server.requests.length, 2);
    });

    test(`when its rest comes ${framing} and ends too early`, async (t) => {
      const server = await run(t, {
        args: ['--tries', '3'],
        next: (request) => {
          const { from = 0 } = rangeOf(request) ?? {};
          return restIn(framing, from, BODY.subarray(from, request.number === 2 ? from + MIB : undefined));
        },
      });
      const asked = server.requests.map((request) => rangeOf(request)?.from ?? 0);
      assert.equal(asked.length, 3);
      assert.equal(asked[2], (asked[1] as number) + MIB);
    });
  }

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    test(`in the next run, after ${signal}; of another start of the machine it is not believed`, async (t) => {
      const body = noise(12 * MIB, 3);
      let sent = 0;
      const server = await serve(t, function* (request) {
        const range = rangeOf(request);
        const whole = range === undefined ? answer(body, TAG) : rest(body, range.from);
        for (let at = 0; at < whole.length; at += MIB) {
          // Both of the first runs are ended before there is more.
          if (request.number < 3 && at === 6 * MIB) yield new Promise<void>(() => undefined);
          yield whole.subarray(at, at + MIB);
          sent += MIB;
        }
      });
      const place = new Place(t, true);
      const url = `${server.origin}/a`;
      const onStart = async (pid: number): Promise<void> => {
        await until(() => keptOf(place) >= 4 * MIB);
        process.kill(pid, signal);
      };
      assert.equal((await place.get([url], { onStart })).status, signal === 'SIGINT' ? 130 : null);
      const note = partialsOf(place).find((path) => path.endsWith('.json')) as string;
      writeFileSync(note, readFileSync(note, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"another"'));
      writeFileSync(note.replace('.json', ''), '');
      assert.equal((await place.get([url], { onStart })).status, signal === 'SIGINT' ? 130 : null);
      if (signal === 'SIGINT') place.assertSound({});
      sent = 0;
      const { status, stderr } = await place.get([url]);
      assert.equal(status, 0, stderr);
      place.assertSound({ a: body });
      assert.deepEqual(partialsOf(place), []);
      assert.deepEqual(
        server.requests.map((request) => (rangeOf(request)?.from ?? 0) > 0),
        [false, false, true],
      );
      assert.ok(sent <= 9 * MIB, `${sent} bytes`);
    });
  }
});

describe('a large body that breaks off begins anew', { timeout }, () => {
  test('where the server ignores Range', async (t) => {
    const server = await run(t, { next: () => [answer(BODY, TAG)] });
    assert.ok(rangeOf(server.requests[1] as RawRequest) !== undefined);
    assert.equal(server.requests.length, 2);
  });

  test('where a redirect leads elsewhere, whose tags are its own', async (t) => {
    const server = await serve(t, function* ({ path, number }) {
      if (path === '/a') yield answer('', `Location: /${number}\r\n`, '302 Found');
      else if (number === 2) yield* broken(BODY, TAG);
      else yield answer(OTHER, TAG);
    });
    const place = new Place(t, true);
    assert.equal((await place.get([`${server.origin}/a`])).status, 0);
    place.assertSound({ a: OTHER });
    assert.ok(server.requests.every((request) => rangeOf(request) === undefined));
  });

  test('where it has changed', async (t) => {
    await run(t, { next: () => [answer(OTHER, 'ETag: "two"\r\n')], expected: OTHER });
  });

  const misfits: Readonly<Record<string, (from: number) => Uint8Array>> = {
    'another range': (from) => rest(BODY, from + 1),
    'another total': (from) => rest(BODY, from, TAG, `bytes ${from}-${BODY.length - 1}/${BODY.length + 1}`),
    'status 416': () => answer('', `Content-Range: bytes */${BODY.length}\r\n`, '416 Range Not Satisfiable'),
  };
  for (const [what, misfit] of Object.entries(misfits)) {
    test(`where the answer has ${what}, with one more request and within the same try`, async (t) => {
      const server = await run(t, {
        args: ['--tries', '2'],
        next: (request) => [request.number === 2 ? misfit(rangeOf(request)?.from ?? 0) : answer(BODY, TAG)],
      });
      assert.deepEqual(
        server.requests.map((request) => rangeOf(request) !== undefined),
        [false, true, false],
      );
    });
  }

  for (const framing of Object.keys(FRAMINGS)) {
    test(`when its rest comes ${framing} and is longer than it said`, async (t) => {
      const server = await run(t, {
        args: ['--tries', '3'],
        next: (request) => {
          const { from } = rangeOf(request) ?? {};
          return from === undefined ? [answer(BODY, TAG)] : restIn(framing, from, BODY.subarray(from - 1));
        },
      });
      assert.deepEqual(
        server.requests.map((request) => rangeOf(request) !== undefined),
        [false, true, false],
      );
    });
  }

  test('that is known by a weak tag', async (t) => {
    const headers = 'ETag: W/"one"\r\n';
    const server = await run(t, { headers, next: () => [answer(BODY, headers)] });
    assert.equal(rangeOf(server.requests[1] as RawRequest), undefined);
  });

  test('that is encoded', async (t) => {
    const encoded = gzipSync(BODY);
    const headers = `${TAG}Content-Encoding: gzip\r\n`;
    const server = await serve(t, ({ number }) =>
      number === 1 ? broken(encoded, headers) : [answer(encoded, headers)],
    );
    const place = new Place(t, true);
    const { status, stderr } = await place.get([`${server.origin}/a`]);
    assert.equal(status, 0, stderr);
    place.assertSound({ a: BODY });
    assert.equal(rangeOf(server.requests[1] as RawRequest), undefined);
  });

  test('of which less than a MiB came', async (t) => {
    const server = await serve(t, ({ number }) => (number === 1 ? broken(BODY, TAG, MIB / 2) : [answer(BODY, TAG)]));
    const place = new Place(t, true);
    assert.equal((await place.get([`${server.origin}/a`])).status, 0);
    assert.equal(rangeOf(server.requests[1] as RawRequest), undefined);
    place.assertSound({ a: BODY });
  });

  test('and of one that fails for good nothing is kept', async (t) => {
    const server = await serve(t, ({ path }) => (path === '/a' ? broken(BODY, TAG) : [answer('b')]));
    const place = new Place(t, true);
    const { status } = await place.get(['--tries', '1', `${server.origin}/a`, `${server.origin}/b`]);
    assert.equal(status, 1);
    place.assertSound({ b: Buffer.from('b') });
    assert.ok(!existsSync(join(place.directory, '.sluice', 'partial')));
  });

  test('where a link is in the place of what is kept: nothing outside is touched', async (t) => {
    const server = await serve(t, () => [answer(BODY, TAG)]);
    const place = new Place(t, true);
    mkdirSync(join(place.directory, '.sluice'), { recursive: true });
    symlinkSync(place.elsewhere, join(place.directory, '.sluice', 'partial'));
    const { status, stderr } = await place.get([`${server.origin}/a`]);
    assert.equal(status, 1);
    assert.match(stderr, /is no folder/);
    place.assertSurroundings();
    assert.deepEqual(readdirSync(place.elsewhere), ['canary']);
  });
});
