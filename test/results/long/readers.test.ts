/** Exported tables in the hands of programs of other makers, and while runs are killed. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { mulberry32 } from '../../../src/server/random.js';
import { CLI, sluice } from '../../helpers/cli.js';
import { Corpus, serveCorpus } from '../../helpers/corpus.js';
import { scratch } from '../../helpers/scratch.js';

const COUNT = 2_000;
const KILLS = 50;
/** Of the system, if it is there. */
const ARIA2C = 'aria2c';
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);

interface Row {
  readonly url: string;
  readonly status: string;
  readonly size: number | null;
}

describe('an exported table', () => {
  test('has every item once, in the order of the list, whenever runs are killed, and is whole or not there', async (t) => {
    const corpus = new Corpus(COUNT);
    await using server = await serveCorpus(corpus);
    const random = mulberry32(SEED);
    const list = corpus.list(server.origin).trimEnd().split('\n');
    let kills = 0;
    for (let chain = 0; kills < KILLS; chain += 1) {
      const layout = ['flat', 'hashed', 'tar'][chain % 3] as string;
      const cwd = scratch(t);
      writeFileSync(join(cwd, 'urls'), list.join('\n'));
      const args = ['get', '-i', 'urls', '-d', 'd', '-q', '--layout', layout, '--metadata', 'm.csv'];
      // Later each time: in shards, nothing is kept of a run that comes to no end.
      for (let [ended, tries] = [false, 1]; !ended; tries += 1) {
        const before = server.asked.length;
        const wanted = Math.floor(random() * 100 * tries);
        const child = spawn(process.execPath, [CLI, ...args], { cwd, stdio: 'ignore' });
        const exit = once(child, 'exit').then(() => true);
        let isOver = false;
        while (!isOver && server.asked.length - before < wanted) isOver = await Promise.race([exit, sleep(2, false)]);
        child.kill('SIGKILL');
        await exit;
        ended = child.exitCode === 0;
        if (!ended) kills += 1;
        const { status, stdout, stderr } = await sluice(['export', 'd', '--format', 'jsonl'], { cwd });
        // A run that was killed before it wrote down anything has nothing to tell.
        if (status !== 0) assert.match(stderr, /there is no journal/);
        const rows = stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Row);
        assert.deepEqual(
          rows.map(({ url }) => url),
          list.slice(0, rows.length),
        );
        for (const { url, status: outcome, size } of rows) {
          if (outcome === 'ok') assert.equal(size, corpus.print(url.slice(url.lastIndexOf('/') + 1))?.size);
          else assert.equal(outcome, 'pending');
        }
        assert.equal(ended ? rows.length : COUNT, COUNT);
        // One that is killed when all is done, and before it has ended, may have it.
        const isDone = rows.length === COUNT && rows.every(({ status: outcome }) => outcome === 'ok');
        assert.ok(existsSync(join(cwd, 'm.csv')) ? isDone : !ended);
      }
      const metadata = readFileSync(join(cwd, 'm.csv'), 'utf8').trimEnd().split('\n');
      assert.deepEqual(
        metadata.slice(1).map((line) => line.split(',')[0]),
        list,
      );
      // What a killed run was writing is replaced by the next.
      assert.deepEqual(readdirSync(cwd).toSorted(), ['d', 'm.csv', 'urls']);
    }
    t.diagnostic(`${kills} kills`);
  });

  test('is read by DuckDB, with its types', async (t) => {
    const corpus = new Corpus(COUNT);
    await using server = await serveCorpus(corpus);
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'urls'), corpus.list(server.origin));
    const ran = await sluice(['get', '-i', 'urls', '-d', 'd', '-q', '--metadata', 'm.parquet'], { cwd });
    assert.equal(ran.status, 0, ran.stderr);
    const database = await DuckDBInstance.create();
    const connection = await database.connect();
    const path = join(cwd, 'm.parquet');
    const { 0: row } = (
      await connection.runAndReadAll(
        `SELECT count(*) AS rows, sum(size) AS bytes, count(DISTINCT url) AS urls, min(stored) <= max(stored) AS sane,
         any_value(typeof(stored)) AS time, any_value(typeof(size)) AS size FROM '${path}' WHERE status = 'ok'`,
      )
    ).getRowObjectsJson();
    connection.closeSync();
    database.closeSync();
    const bytes = [...corpus.names()].reduce((sum, name) => sum + (corpus.print(name)?.size ?? 0), 0);
    assert.deepEqual(row, {
      rows: `${COUNT}`,
      bytes: `${bytes}`,
      urls: `${COUNT}`,
      sane: true,
      time: 'TIMESTAMP',
      size: 'BIGINT',
    });
  });

  const aria2 = spawnSync(ARIA2C, ['--version']).status === 0;
  test(
    'as an input file of aria2 lets aria2c finish what is left, beside what is there',
    { skip: aria2 ? false : 'aria2c is not installed' },
    async (t) => {
      const corpus = new Corpus(400);
      await using server = await serveCorpus(corpus);
      const cwd = scratch(t);
      writeFileSync(join(cwd, 'urls'), corpus.list(server.origin));
      const child = spawn(process.execPath, [CLI, 'get', '-i', 'urls', '-d', 'd', '-q'], { cwd, stdio: 'ignore' });
      while (server.asked.length < 100) await sleep(2);
      child.kill('SIGKILL');
      await once(child, 'exit');
      assert.equal((await sluice(['export', 'd', '-o', 'left.aria2'], { cwd })).status, 0);
      const there = readdirSync(join(cwd, 'd')).length - 1;
      const aria = spawn(ARIA2C, ['-i', 'left.aria2', '-d', 'd', '--quiet', '--no-conf', '--http-accept-gzip'], {
        cwd,
        stdio: 'inherit',
      });
      const [status] = (await once(aria, 'exit')) as [number];
      assert.equal(status, 0);
      const names = readdirSync(join(cwd, 'd')).filter((name) => name !== '.sluice');
      assert.ok(there < names.length, `${there} files were there`);
      for (const name of names) {
        const body = readFileSync(join(cwd, 'd', name));
        assert.deepEqual({ size: body.length, crc32: crc32(body) }, corpus.print(name), name);
      }
      const left = readFileSync(join(cwd, 'left.aria2'), 'utf8').match(/^http/gm)?.length ?? 0;
      assert.equal(there + left, names.length);
      execFileSync(process.execPath, [CLI, 'export', 'd', '-o', 'sums.sha256', '--status', 'ok'], { cwd });
    },
  );
});
