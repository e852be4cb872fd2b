/** Workers on one plan that are killed at random moments, until there were enough of them; then the plan is worked off. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { historyOf } from '../../src/fleet/journals.js';
import { mulberry32 } from '../../src/server/random.js';
import { shardName } from '../../workers/shard-name.js';
import { filesBelow } from './folders.js';
import { bodyAt, type PathsServer } from './paths-server.js';
import { doneOf, planOf, startWorker } from './plans.js';
import { bodiesIn } from './tars.js';

export interface KillSettings {
  readonly shards: number;
  readonly rows: number;
  readonly kills: number;
  readonly seed: number;
  /** Milliseconds that a worker lives at the most, from when it was started. */
  readonly life: number;
  /** Default: `hashed`. */
  readonly layout?: 'hashed' | 'tar';
}

const WORKERS = 3;
/** Milliseconds: longer than any worker lives. */
const HELD = 60_000;

/** @throws AssertionError for a row that is not there exactly once, or was requested again after it was written down */
export async function killWorkers(
  t: TestContext,
  server: PathsServer,
  directory: string,
  { shards, rows, kills, seed, life, layout = 'hashed' }: KillSettings,
): Promise<void> {
  const random = mulberry32(seed);
  const lines = Array.from({ length: shards * rows }, (_, n) => `${server.origin}/${n % 5}/f${n}`);
  await planOf(directory, lines, { shardItems: rows, options: { layout } });
  /** How often each path was asked for when it was known to be stored. */
  const known = new Map<string, number>();
  const look = async (): Promise<void> => {
    for (let shard = 0; shard < shards; shard += 1) await note(server, directory, shard, known);
  };
  // A row of each of the last shards is not answered until the last worker was killed: on no machine are all done before.
  const held = new Set(lines.filter((_, n) => n % rows === 0 && 3 * n >= 2 * lines.length).map((line) => pathOf(line)));
  server.delay = (path) => (held.has(path) ? HELD : 300);
  let killed = 0;
  const lives = async (): Promise<void> => {
    // A machine may be so slow that none comes to anything in that time: then they live longer, until one has.
    while (killed < kills || known.size === 0) {
      const worker = startWorker(t, [directory, '-m', '6', '--lease', '30', '--quiet']);
      await sleep(300 + random() * life * Math.max(1, killed / kills));
      killed += 1;
      worker.process.kill('SIGKILL');
      await worker.ended;
      await look();
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, lives));
  const before = known.size;
  assert.ok(before > 0 && before < lines.length, `${before} rows were stored when the last worker was killed`);
  server.delay = 0;
  const workers = Array.from({ length: WORKERS }, () => startWorker(t, [directory, '--lease', '30']));
  for (const { ended, stderr } of workers) assert.equal(await ended, 0, stderr());
  await look();
  assert.equal(known.size, lines.length);
  const asked = countsOf(server.requested);
  const again = [...known].filter(([path, times]) => asked.get(path) !== times);
  assert.deepEqual(again, []);
  const done = Array.from({ length: shards }, (_, shard) => doneOf(directory, shard));
  for (const record of done) assert.deepEqual([record.rows, record.ok], [rows, rows]);
  const files = filesBelow(directory).filter((path) => !path.startsWith('.sluice/'));
  const archives = files.map((path) => readFileSync(join(directory, path)));
  const stored =
    layout === 'tar' ? [...bodiesIn(archives).values()].map(({ body }) => body.toString()) : archives.map(String);
  if (layout === 'tar') assert.deepEqual(files.toSorted(), done.map((_, shard) => shardName(shard)).toSorted());
  assert.deepEqual(stored.toSorted(), lines.map((line) => bodyAt(pathOf(line))).toSorted());
  const claims = done.reduce((sum, { claim }) => sum + claim, 0);
  t.diagnostic(
    `${killed} kills, ${before} rows stored before the last of them, ${claims} claims on ${shards} shards, ` +
      `${server.requested.length} requests for ${lines.length} rows`,
  );
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

async function note(server: PathsServer, directory: string, shard: number, known: Map<string, number>): Promise<void> {
  const stored: string[] = [];
  // One that is being taken over may be at another place just now.
  const history = await historyOf(directory, shard).catch(() => undefined);
  if (history === undefined) return;
  try {
    for await (const batch of history.outcomes()) {
      for (const past of batch) if (past.status === 'stored') stored.push(pathOf(past.item.url));
    }
  } finally {
    await history.close();
  }
  assert.equal(new Set(stored).size, stored.length, `shard ${shard} tells of a row twice`);
  const asked = countsOf(server.requested);
  for (const path of stored) if (!known.has(path)) known.set(path, asked.get(path) ?? 0);
}

function countsOf(paths: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}
