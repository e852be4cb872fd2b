/** What lies beside shards, in the hands of DuckDB, and while runs are killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { mulberry32 } from '../../../src/server/random.js';
import { CLI, sluice } from '../../helpers/cli.js';
import { Corpus, serveCorpus } from '../../helpers/corpus.js';
import { scratch } from '../../helpers/scratch.js';
import { bodiesIn, shardsIn } from '../../helpers/tars.js';

const COUNT = 1_000;
const KILLS = 20;
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
const MISSING = ['missing-first', 'missing-last'];

describe('a dataset of runs that are killed', () => {
  test('tells of each item once, with the shard that it is in, and is read by DuckDB', async (t) => {
    const corpus = new Corpus(COUNT);
    await using server = await serveCorpus(corpus);
    const random = mulberry32(SEED);
    const database = await DuckDBInstance.create();
    const connection = await database.connect();
    t.after(() => {
      connection.closeSync();
      database.closeSync();
    });
    /** Rows of all shards of a destination, as DuckDB reads them. */
    const query = async (directory: string, what: string): Promise<Record<string, unknown>[]> => {
      const read = await connection.runAndReadAll(
        `SELECT ${what} FROM read_parquet('${directory}/*.parquet', filename = true) ORDER BY url`,
      );
      return read.getRowObjectsJson();
    };
    const [first, last] = MISSING.map((name) => `${server.origin}/${name}\n`) as [string, string];
    const list = first + corpus.list(server.origin) + last;
    let kills = 0;
    while (kills < KILLS) {
      const cwd = scratch(t);
      const directory = join(cwd, 'd');
      writeFileSync(join(cwd, 'urls'), list);
      const args = ['get', '-i', 'urls', '-d', 'd', '-q', '--layout', 'tar', '--shard-size', '1MiB'];
      for (let ended = false; !ended;) {
        const before = server.asked.length;
        const wanted = Math.floor(random() * 400);
        const child = spawn(process.execPath, [CLI, ...args, '--dataset', 'img2dataset'], { cwd, stdio: 'ignore' });
        const exit = once(child, 'exit').then(() => true);
        let isOver = false;
        while (!isOver && server.asked.length - before < wanted) isOver = await Promise.race([exit, sleep(2, false)]);
        child.kill('SIGKILL');
        await exit;
        ended = child.exitCode === 1;
        if (!ended) kills += 1;
        if (!existsSync(join(directory, '.sluice/journal'))) continue;
        if (!ended) {
          const { status, stderr } = await sluice(['export', 'd', '--format', 'img2dataset'], { cwd });
          // One that was killed before it wrote down anything has nothing to tell.
          if (status !== 0) assert.match(stderr, /there is no journal|is about shards/);
          if (status !== 0) continue;
        }
        const rows = await query(directory, 'url, key, status, filename');
        const stored = rows.filter(({ status }) => status === 'success');
        const there = new Map<string, string>();
        for (const shard of shardsIn(directory)) {
          for (const { description } of bodiesIn([readFileSync(shard)]).values()) {
            there.set(description.url, basename(shard, '.tar'));
          }
        }
        // What a killed run has sealed and not written down, the next run finds.
        for (const { url, filename } of stored)
          assert.equal(there.get(url as string), basename(filename as string, '.parquet'));
        assert.equal(new Set(rows.map(({ url }) => url)).size, rows.length);
        if (!ended) continue;
        assert.equal(rows.length, COUNT + MISSING.length);
        assert.equal(stored.length, COUNT);
        assert.equal(there.size, COUNT);
        let count = 0;
        for (const shard of shardsIn(directory)) {
          const path = shard.replace(/\.tar$/, '_stats.json');
          count += (JSON.parse(readFileSync(path, 'utf8')) as { count: number }).count;
        }
        assert.equal(count, COUNT + MISSING.length);
        assert.deepEqual(
          readdirSync(directory).filter((name) => name.endsWith('.part')),
          [],
        );
        const [types] = await query(directory, 'typeof(url) AS url, typeof(width) AS width, typeof(status) AS status');
        assert.deepEqual(types, { url: 'VARCHAR', width: 'BIGINT', status: 'VARCHAR' });
      }
    }
    t.diagnostic(`${kills} kills`);
  });
});
