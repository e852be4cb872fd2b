/** The bound on one body, for every way that a body can take. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { download, type DownloadOptions } from '../../src/index.js';
import { storePlain, storePlainWaiting } from '../../workers/plain.js';
import { noise } from '../helpers/bodies.js';
import { filesBelow } from '../helpers/folders.js';
import { answer, type RawServer, type Script, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';
import { errorIn, sizeOr, storeSettings } from '../helpers/stores.js';

const MOST = 8_000;
/** One byte too many, held whole and in parts, as it is and with a coding, with a length and in chunks. */
const SMALL = Buffer.alloc(MOST + 1, 'x');
const LARGE = noise(600_000, 1);
const CODED = gzipSync(LARGE);

function chunked(body: Buffer): Script {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  return [`${head}${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n'];
}

const GZIP = 'Content-Encoding: gzip\r\n';
const ANSWERS: Readonly<Record<string, () => Script>> = {
  '/small': () => [answer(SMALL)],
  '/small-chunks': () => chunked(SMALL),
  '/small-coded': () => [answer(gzipSync(SMALL), GZIP)],
  '/large': () => [answer(LARGE)],
  '/large-chunks': () => chunked(LARGE),
  '/large-coded': () => [answer(CODED, GZIP)],
  '/fits': () => [answer(Buffer.alloc(MOST, 'y'))],
};

async function refusals(t: TestContext, server: RawServer, options: DownloadOptions): Promise<string> {
  const directory = join(scratch(t), 'd');
  const urls = Object.keys(ANSWERS).map((path) => server.origin + path);
  const outcomes: Record<string, string> = {};
  for await (const outcome of download(urls, { directory, maxBodySize: MOST, ...options })) {
    const { status, url } = outcome;
    outcomes[new URL(url).pathname] = 'error' in outcome ? outcome.error.code : status;
  }
  const expected = Object.keys(ANSWERS).map((path) => [path, path === '/fits' ? 'ok' : 'BODY_TOO_LARGE']);
  assert.deepEqual(outcomes, Object.fromEntries(expected));
  return directory;
}

const WAYS: readonly DownloadOptions[] = [
  ...(['pool', 'inline', 'libuv', 'threads'] as const).map((executor) => ({ executor })),
  { layout: 'hashed' },
  { layout: 'tar' },
];

describe('a body that is larger than allowed', () => {
  for (const options of WAYS) {
    test(`is refused, asked for once, and leaves nothing: ${JSON.stringify(options)}`, async (t) => {
      await using server = await startRawServer({ onRequest: ({ path }) => ANSWERS[path]?.() ?? [] });
      const directory = await refusals(t, server, options);
      assert.equal(server.requests.length, Object.keys(ANSWERS).length);
      if (options.layout === 'tar') assert.deepEqual(filesBelow(directory), ['00000.tar']);
      else
        assert.deepEqual(
          filesBelow(directory).map((path) => path.replace(/.*\//, '')),
          ['fits'],
        );
      assert.deepEqual(readdirSync(join(directory, '.sluice')), ['journal']);
    });
  }

  test('is refused by the store, too, which needs nobody to have looked before', async (t) => {
    const settings = storeSettings(t, { maxBodySize: MOST });
    for (const store of [storePlain, storePlainWaiting]) {
      assert.equal(errorIn(await store(SMALL, { name: 'a', encoding: '' }, settings)).code, 'BODY_TOO_LARGE');
      assert.equal(sizeOr(await store(SMALL.subarray(1), { name: `b-${store.name}`, encoding: '' }, settings)), MOST);
    }
    assert.deepEqual(filesBelow(settings.directory), ['b-storePlain', 'b-storePlainWaiting']);
  });
});
