/** Runs whose requests and bytes their server counts. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { download, type DownloadOptions, type Outcome, type Summary } from '../../src/index.js';
import { addressOf, type Answers, type Counts, startCountingServer } from '../helpers/counting-server.js';
import { watchLoop } from '../helpers/lateness.js';
import { scratch } from '../helpers/scratch.js';

interface Ran extends Counts {
  /** On either side. */
  readonly late: number;
  readonly summary: Summary;
  readonly outcomes: readonly Outcome[];
}

/** All of its items are stored. */
export async function run(
  t: TestContext,
  answers: Answers,
  { hosts = 1, count, ...options }: DownloadOptions & { hosts?: number; count: number },
): Promise<Ran> {
  const server = await startCountingServer(t, answers);
  const urls = Array.from({ length: count }, (_, n) => `http://${addressOf(n % hosts)}:${server.port}/${n}`);
  const run = download(urls, { directory: scratch(t), executor: 'inline', maxRequests: 1_000, ...options });
  const lateness = watchLoop();
  const outcomes: Outcome[] = [];
  for await (const outcome of run) outcomes.push(outcome);
  const failed = outcomes.filter(({ status }) => status !== 'ok');
  assert.deepEqual(failed, []);
  const counts = await server.counts();
  return { ...counts, late: counts.late + lateness(), summary: run.summary, outcomes };
}
