/** Bombs and floods: refused at their bound, and the memory of the whole process measured against a plain run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { noise, TINY_GIF } from '../../helpers/bodies.js';
import { gif, pngBomb } from '../../helpers/images.js';
import { answer, type Script, startRawServer } from '../../helpers/raw-server.js';
import { Place, type Reported } from '../../helpers/soundness.js';

const timeout = 600_000;
const notLinux = process.platform !== 'linux' && 'peak memory is read from /proc';
const MIB = 1 << 20;
/**
 * MB that a run with eight bombs may take beyond a plain one: of each 16 are decoded whole before it is known for one, which
 * may all be garbage that nobody has collected yet, and half of that for all else. What they would bring is gigabytes.
 */
const ROOM = 192;

const OK = 'HTTP/1.1 200 OK\r\n';
/** A gigabyte of zeros in 1 MB: 64 members of 16 MiB. */
const GZIP_BOMB = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 * MIB))));

function* endlessBody(): Generator<string | Uint8Array> {
  yield `${OK}Content-Type: image/gif\r\n\r\n`;
  for (const chunk = noise(256 << 10, 1); ;) yield chunk;
}

function* endlessChunks(): Generator<string | Uint8Array> {
  yield `${OK}Transfer-Encoding: chunked\r\n\r\n`;
  const chunk = noise(256 << 10, 1);
  for (;;) {
    yield `${chunk.length.toString(16)}\r\n`;
    yield chunk;
    yield '\r\n';
  }
}

function* headerFlood(): Generator<string> {
  yield OK;
  for (let n = 0; ; n += 1) yield `x-${n}: ${'y'.repeat(8_000)}\r\n`;
}

interface Measured {
  readonly report: Reported | undefined;
  readonly stderr: string;
  /** MB. */
  readonly peak: number;
}

/** Gets eight items of one kind at once, and a good one, and measures how much memory that takes. */
async function measure(t: TestContext, script: () => Script, options: readonly string[]): Promise<Measured> {
  const onRequest = ({ path }: { path: string }): Script => (path === '/good' ? [answer(TINY_GIF)] : script());
  await using server = await startRawServer({ onRequest });
  const place = new Place(t);
  let peak = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = (pid: number): void => {
    try {
      const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
      peak = Math.max(peak, Number(kilobytes ?? 0) / 1000);
    } catch {
      // It has ended.
    }
  };
  const urls = Array.from({ length: 8 }, (_, n) => `${server.origin}/item${n}`);
  const { report, stderr } = await place.get([...urls, `${server.origin}/good`, ...options], {
    onStart: (pid) => {
      timer = setInterval(look, 10, pid);
    },
  });
  clearInterval(timer);
  // Of a plain run the others are the same.
  const files = Object.fromEntries(['good', ...urls.map((_, n) => `item${n}`)].map((name) => [name, TINY_GIF]));
  if (options.includes('tar')) place.assertSurroundings();
  else place.assertSound(files, { some: true });
  return { report, stderr, peak };
}

async function assertBounded(t: TestContext, code: string, bad: () => Script, ...options: string[]): Promise<void> {
  const plain = await measure(t, () => [answer(TINY_GIF)], options);
  assert.equal(plain.report?.ok, 9, plain.stderr);
  const { report, stderr, peak } = await measure(t, bad, options);
  assert.deepEqual([report?.ok, report?.causes], [1, { [code]: 8 }], stderr);
  t.diagnostic(`peak ${peak.toFixed(0)} MB, of a plain run ${plain.peak.toFixed(0)} MB`);
  assert.ok(plain.peak > 20 && peak - plain.peak < ROOM, `${peak} MB, where a plain run takes ${plain.peak} MB`);
}

describe('memory has a bound, and so has what is stored:', { skip: notLinux, timeout }, () => {
  for (const layout of ['flat', 'tar']) {
    test(`gzip bombs of a gigabyte each, layout ${layout}`, (t) =>
      assertBounded(
        t,
        'BODY_TOO_LARGE',
        () => [answer(GZIP_BOMB, 'Content-Encoding: gzip\r\n')],
        '--max-body-size=32MiB',
        '--layout',
        layout,
      ));
  }

  test('gzip in gzip in gzip', (t) =>
    assertBounded(t, 'BODY_ENCODING', () => [
      answer(gzipSync(gzipSync(GZIP_BOMB)), 'Content-Encoding: gzip, gzip, gzip\r\n'),
    ]));

  test('gzip in gzip, which is undone', (t) =>
    assertBounded(
      t,
      'BODY_TOO_LARGE',
      () => [answer(gzipSync(GZIP_BOMB), 'Content-Encoding: gzip, gzip\r\n')],
      '--max-body-size=32MiB',
    ));

  test('bodies without an end', (t) =>
    assertBounded(t, 'BODY_TOO_LARGE', endlessBody, '--max-body-size', '32MiB', '--tries', '1'));

  test('chunks without an end', (t) =>
    assertBounded(t, 'BODY_TOO_LARGE', endlessChunks, '--max-body-size', '32MiB', '--tries', '1'));

  test('headers without an end', (t) => assertBounded(t, 'HTTP_BROKEN', headerFlood));

  for (const check of ['structure', 'pixels']) {
    test(`PNGs of 60,000 x 60,000 pixels, --image-check ${check}`, (t) =>
      assertBounded(t, 'BODY_IMAGE', () => [answer(pngBomb(60_000, 60_000))], '--image-check', check));

    test(`GIFs of 10,000 frames, --image-check ${check}`, async (t) => {
      const screen = { width: 1_000, height: 1_000 };
      const bomb = gif(
        screen,
        Array.from({ length: 10_000 }, () => screen),
      );
      await assertBounded(t, 'BODY_IMAGE', () => [answer(bomb)], '--image-check', check);
    });
  }
});
