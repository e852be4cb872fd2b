/** Runs whose verdict is asserted, and servers for them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { download, type DownloadOptions, type ItemRequest, type Outcome, type Verdict } from '../../src/index.js';
import { noise } from './bodies.js';
import { serveInThread as serveNoise } from './http-thread.js';
import { answer, pause, startRawServer, type Step } from './raw-server.js';
import { scratch } from './scratch.js';

type Urls = Iterable<string | ItemRequest> | AsyncIterable<string | ItemRequest>;

/** Runs to the end; `onOutcome` is what the reader does with each. */
export async function judge(
  t: TestContext,
  urls: Urls,
  options: DownloadOptions,
  onOutcome: (outcome: Outcome) => unknown = () => undefined,
): Promise<Verdict | undefined> {
  const run = download(urls, { directory: scratch(t), tries: 1, ...options });
  for await (const outcome of run) await onOutcome(outcome);
  t.diagnostic(JSON.stringify(run.summary.verdict ?? 'none'));
  return run.summary.verdict;
}

export function stored(outcome: Outcome): void {
  assert.equal(outcome.status, 'ok', JSON.stringify(outcome));
}

export function assertBound(
  verdict: Verdict | undefined,
  bound: Verdict['bound'],
  detail: RegExp,
  advice?: string,
): void {
  assert.equal(verdict?.bound, bound);
  assert.ok(verdict.share > 0.5 && verdict.share <= 1, String(verdict.share));
  assert.match(verdict.detail, detail);
  assert.equal(verdict.advice, advice);
}

/** The verdict on a run with as many of libuv's threads as the command has, so that one worker can wait for many files. */
export async function judgeAsCommand(
  t: TestContext,
  { count, size }: { count: number; size: number },
  options: DownloadOptions,
): Promise<Verdict> {
  const origin = await serveNoise(t);
  const script = `
    import { download } from '${new URL('../../src/index.js', import.meta.url).href}';
    const urls = Array.from({ length: ${count} }, (_, n) => '${origin}/noise/' + n + '/${size}');
    const run = download(urls, { directory: process.argv[1], tries: 1, ...${JSON.stringify(options)} });
    for await (const outcome of run) if (outcome.status !== 'ok') throw outcome.error;
    console.log(JSON.stringify(run.summary.verdict));`;
  const args = ['--input-type=module', '-e', script, scratch(t)];
  const env = { ...process.env, UV_THREADPOOL_SIZE: '68' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  t.diagnostic(stdout.trim());
  return JSON.parse(stdout) as Verdict;
}

/** No image, which shows when all of it is decoded: nothing is written. */
export const BOMB = answer(gzipSync(Buffer.alloc(10 << 20)), 'Content-Encoding: gzip\r\n');

/** Each body drips. */
export function startNarrowServer(): ReturnType<typeof startRawServer> {
  const piece = noise(20_000, 1);
  return startRawServer({
    *onRequest(): Generator<Step> {
      yield `HTTP/1.1 200 OK\r\nContent-Length: ${30 * piece.length}\r\n\r\n`;
      for (let n = 0; n < 30; n += 1) {
        yield pause(25);
        yield piece;
      }
    },
  });
}

export const NAMES = { name: 20, write: 0 };
export const WRITES = { name: 0, write: 20 };
