/**
 * What images on the way cost: how many a second, beside sharp alone in a loop on the same files, how late the event loop is
 * meanwhile, and memory. Each in a process of its own, in turn.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { peakMemory } from '../../src/bench/peak-memory.js';
import { download } from '../../src/index.js';
import { scratch } from '../helpers/scratch.js';

/** So many that what each worker loads before its first one, a third of a second, counts little. */
const FILES = 3_000;
const DIFFERENT = 50;
const ROUNDS = 2;
const SELF = fileURLToPath(import.meta.url);
const SUBJECTS = ['sharp', 'pool', 'inline'] as const;

interface Figures {
  /** Images a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
  readonly megabytes: number;
}

/** 500 x 400 with something in it, about 40 KB each. */
function pictures(): Promise<Buffer[]> {
  return Promise.all(
    Array.from({ length: DIFFERENT }, (_, seed) => {
      const pixels = Buffer.alloc(500 * 400 * 3);
      for (let at = 0; at < pixels.length; at += 1) {
        pixels[at] = 128 + 90 * Math.sin((at % 1500) / (20 + seed)) + (at % 17);
      }
      return sharp(pixels, { raw: { width: 500, height: 400, channels: 3 } })
        .jpeg({ quality: 85 })
        .toBuffer();
    }),
  );
}

/** As many at once as there are processors, which is where sharp is fastest. */
async function loopAlone(bodies: readonly Buffer[], files: number): Promise<void> {
  sharp.concurrency(1);
  sharp.cache(false);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < files) {
      next += 1;
      await sharp(bodies[next % DIFFERENT])
        .resize(256, 256, { fit: 'cover' })
        .keepMetadata()
        .jpeg()
        .toBuffer();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

async function fetchAll(origin: string, directory: string, executor: 'pool' | 'inline', files: number): Promise<void> {
  const urls = Array.from({ length: files }, (_, at) => `${origin}/${at}.jpg`);
  const run = download(urls, { directory, executor, resize: 256, resizeMode: 'center-crop', maxRequests: 32 });
  for await (const outcome of run) assert.equal(outcome.status, 'ok', JSON.stringify(outcome));
}

async function measure(what: (typeof SUBJECTS)[number], origin: string, directory: string): Promise<Figures> {
  const bodies = what === 'sharp' ? await pictures() : [];
  const all = (files: number): Promise<void> =>
    what === 'sharp' ? loopAlone(bodies, files) : fetchAll(origin, directory, what, files);
  await all(100);
  rmSync(directory, { recursive: true, force: true });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  await all(FILES);
  const rate = (1000 * FILES) / (performance.now() - started);
  return { rate, p99: delay.percentile(99) / 1e6, megabytes: peakMemory() / 1e6 };
}

if (process.argv[2] === 'serve') {
  const bodies = await pictures();
  const server = createServer((request, response) =>
    response.end(bodies[Number.parseInt(request.url?.slice(1) ?? '0') % DIFFERENT]),
  );
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
} else if (process.argv[2] !== undefined) {
  const [, , what, origin = '', directory = ''] = process.argv;
  process.send?.(await measure(what as (typeof SUBJECTS)[number], origin, directory));
  process.disconnect?.();
} else {
  test('images are made nearly as fast as by sharp alone', async (t) => {
    const env = { ...process.env, UV_THREADPOOL_SIZE: '68' };
    const server = fork(SELF, ['serve'], { execArgv: [], env });
    t.after(() => server.disconnect());
    const [port] = (await once(server, 'message')) as [number];
    const best = new Map<string, Figures>();
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const what of SUBJECTS) {
        const child = fork(SELF, [what, `http://127.0.0.1:${port}`, `${scratch(t)}/out`], { execArgv: [], env });
        const [figures] = (await once(child, 'message')) as [Figures];
        const { rate, p99, megabytes } = figures;
        t.diagnostic(`${what}: ${rate.toFixed(0)} images/s, p99 ${p99.toFixed(1)} ms, ${megabytes.toFixed(0)} MB`);
        if (rate > (best.get(what)?.rate ?? 0)) best.set(what, figures);
      }
    }
    const ratio = (best.get('pool')?.rate ?? 0) / (best.get('sharp')?.rate ?? 1);
    t.diagnostic(`the pool reaches ${ratio.toFixed(2)} of sharp alone`);
    assert.ok(ratio > 0.7, `${ratio} of sharp alone`);
  });
}
