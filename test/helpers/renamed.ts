/** Runs with names that depend on answers, which are killed again and again: what each leaves is examined. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { History } from '../../src/journal/history.js';
import { JOURNAL } from '../../src/journal/open.js';
import { Table } from '../../src/journal/table.js';
import { isInShards } from '../../src/protocol/layouts.js';
import type { Layout } from '../../src/protocol/settings.js';
import { mulberry32 } from '../../src/server/random.js';
import { answerAt, type AnswersServer } from './answers-server.js';
import { signalTo, sluice } from './cli.js';
import { entriesBelow } from './folders.js';

export interface KillSettings {
  /** A folder that is there. */
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  readonly layout: Layout;
  /** Default: `pool`. */
  readonly executor?: string;
}

export interface KillCounts {
  kills: number;
  chains: number;
  /** Files that were read and compared. */
  files: number;
  /** Files that a killed run had not written down as stored, although it had called them otherwise. */
  unwritten: number;
}

const ITEMS = 150;

/** @throws AssertionError for anything that a run that was killed, or one that went on, did wrong */
export async function killAgainAndAgain(server: AnswersServer, settings: KillSettings): Promise<KillCounts> {
  const random = mulberry32(settings.seed);
  const counts: KillCounts = { kills: 0, chains: 0, files: 0, unwritten: 0 };
  while (counts.kills < settings.kills) {
    await chain(server, settings, join(settings.folder, `chain-${counts.chains}`), random, counts);
    counts.chains += 1;
  }
  return counts;
}

async function chain(
  server: AnswersServer,
  { folder, kills, layout, executor = 'pool' }: KillSettings,
  directory: string,
  random: () => number,
  counts: KillCounts,
): Promise<void> {
  const urls = Array.from({ length: ITEMS }, (_, at) => {
    const name = at % 7 === 0 ? 'same.bin' : `file ${at}.bin`;
    const size = at % 10 === 0 ? 1_500_000 : 200;
    // Some are called as an item of the list that comes later.
    return at % 11 === 0
      ? server.at(`/same-${at}.bin`)
      : server.at(`/i${at}`, {
          cd: `attachment; filename="${at % 13 === 0 ? `same-${at + 11}.bin` : name}"`,
          size: `${size}`,
        });
  });
  writeFileSync(join(folder, 'list'), urls.join('\n'));
  const args = ['get', '-d', directory, '-i', 'list', '--content-disposition', '--layout', layout, '-m', '4'];
  args.push('--executor', executor);
  let stored: ReadonlySet<string> = new Set();
  for (;;) {
    server.requested = [];
    const mayKill = counts.kills < kills;
    const after = Math.floor(random() * 80);
    const pause = Math.floor(random() * 6);
    let pid = 0;
    server.onRequest = () => {
      if (mayKill && server.requested.length === after) void sleep(pause).then(() => signalTo(pid, 'SIGKILL'));
    };
    const { status, stderr } = await sluice(args, { cwd: folder, onStart: (id) => (pid = id) });
    for (const path of server.requested) assert.ok(!stored.has(path), `${path} is requested again`);
    const now = await examine(server, directory, layout, counts);
    for (const path of stored) assert.ok(now.has(path), `${path} is gone`);
    stored = now;
    if (status === null) {
      counts.kills += 1;
      continue;
    }
    assert.equal(status, 0, stderr);
    break;
  }
  assert.equal(stored.size, ITEMS);
  server.forget();
  assert.equal((await sluice(args, { cwd: folder })).status, 0);
  assert.deepEqual(server.requested, []);
  assert.equal((await sluice(['verify', directory], { cwd: folder })).status, 0);
}

/** @returns paths whose bodies are there */
async function examine(
  server: AnswersServer,
  directory: string,
  layout: Layout,
  counts: KillCounts,
): Promise<ReadonlySet<string>> {
  const stored = new Set<string>();
  const names = new Set<string>();
  const table = await Table.open(join(directory, '.sluice', JOURNAL), directory);
  if (table !== undefined) {
    for await (const rows of table.rows()) {
      for (const { item, status } of rows) {
        const path = item.url.slice(server.origin.length);
        if (isInShards(layout)) {
          if (status === 'stored') stored.add(path);
          continue;
        }
        assert.ok(!names.has(item.name), `${item.name} is the name of two items`);
        names.add(item.name);
        const file = join(directory, item.name);
        if (!existsSync(file)) {
          assert.notEqual(status, 'stored', `${item.name} is missing`);
          continue;
        }
        assert.ok(readFileSync(file).equals(answerAt(path)), `${item.name} is not what is at ${path}`);
        stored.add(path);
        counts.files += 1;
      }
    }
    await table.close();
  }
  counts.unwritten += await countUnwritten(directory);
  if (isInShards(layout)) return stored;
  for (const entry of existsSync(directory) ? entriesBelow(directory) : []) {
    const name = join(entry.parentPath, entry.name).slice(directory.length + 1);
    // What is unfinished is below the program's own folder, or begins as it does.
    if (!entry.isFile() || name.startsWith('.sluice') || entry.name.startsWith('.sluice-')) continue;
    assert.ok(names.has(name), `the journal does not know ${name}`);
  }
  return stored;
}

async function countUnwritten(directory: string): Promise<number> {
  let count = 0;
  const history = await History.open(join(directory, '.sluice', JOURNAL));
  for await (const batch of history?.outcomes() ?? []) {
    for (const { item, status } of batch) {
      if (status === 'unfinished' && item.planned !== undefined && existsSync(join(directory, item.name))) count += 1;
    }
  }
  return count;
}
