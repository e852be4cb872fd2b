/** Items in shards that another run has begun once more: what was stored counts until the other body is. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { FrameWriter, PREAMBLE, type RunRecord } from '../../src/journal/format.js';
import { History } from '../../src/journal/history.js';
import { LogReplay } from '../../src/journal/log-replay.js';
import { keyOf, OK, stateOf } from '../../src/journal/state-index.js';
import { Table } from '../../src/journal/table.js';
import type { ErrorCode } from '../../src/errors.js';
import { scratch } from '../helpers/scratch.js';

const URL = 'http://localhost/a';
const KEY = keyOf(URL, 'a');
const FILE = { size: 5, crc32: 1 };

interface Told {
  /** Status and shard. */
  readonly history: readonly string[];
  readonly table: readonly string[];
  /** Whether it counts as stored when a run begins. */
  readonly isStored: boolean;
  /** Whether it may be found in a shard that is not sealed. */
  readonly inPart: boolean;
}

/** @param more what the second run writes down of the item, which has the number 9 there */
async function read(t: TestContext, more: (writer: FrameWriter) => void): Promise<Told> {
  const directory = scratch(t);
  const path = join(directory, 'journal');
  const run: Omit<RunRecord, 'firstShard'> = {
    version: '0',
    started: new Date(0).toISOString(),
    pid: 1,
    boot: 'this',
    directory,
    layout: 'tar',
    afresh: false,
    lists: [],
  };
  const writer = new FrameWriter();
  writer.run({ ...run, firstShard: 0 });
  writer.item(5, KEY, URL, 'a');
  writer.stored(5, { ...FILE, shard: 0 }, false);
  writer.run({ ...run, firstShard: 1 });
  writer.item(9, KEY, URL, 'a', true);
  more(writer);
  writeFileSync(path, Buffer.concat([PREAMBLE, writer.take(PREAMBLE.length)]));

  const history: string[] = [];
  for await (const batch of (await History.open(path))?.outcomes() ?? []) {
    for (const past of batch) {
      history.push(past.status === 'stored' ? `${past.item.index} in ${past.stored.shard}` : past.status);
    }
  }
  const table: string[] = [];
  const opened = (await Table.open(path, directory)) as Table;
  for await (const batch of opened.rows()) {
    for (const row of batch) {
      const before = row.replaces === undefined ? '' : ` for ${row.replaces.key} in ${row.replaces.shard}`;
      table.push(row.status === 'stored' ? `${row.item.index} in ${row.stored.shard}${before}` : row.status);
    }
  }
  await opened.close();
  const replay = new LogReplay('this', 'tar', () => true);
  await using file = await open(path);
  await replay.read(file, path);
  const isStored = stateOf(replay.states.get(KEY) ?? -1) === OK;
  return { history, table, isStored, inPart: (await replay.begunInPart(file, 9)) !== undefined };
}

describe('an item in a shard that is begun once more', () => {
  const before = { history: ['5 in 0'], table: ['5 in 0'], isStored: true };
  const failure = (code: ErrorCode) => ({ status: 'error', code, message: 'm', hint: 'h' }) as const;

  test('is what it was as long as nothing more is known, and may be in a shard that is not sealed', async (t) => {
    assert.deepEqual(await read(t, () => undefined), { ...before, inPart: true });
  });

  test('is what it was where the other body has failed', async (t) => {
    const told = await read(t, (writer) => writer.failed(9, failure('HTTP_STATUS')));
    assert.deepEqual(told, { ...before, inPart: false });
  });

  test('is the other one when that is stored, and tells of the one before', async (t) => {
    const told = await read(t, (writer) => writer.stored(9, { ...FILE, shard: 1 }, false));
    const table = ['9 in 1 for 000000005 in 00000.tar'];
    assert.deepEqual(told, { history: ['9 in 1'], table, isStored: true, inPart: false });
  });

  test('is not stored where that is known to be wrong', async (t) => {
    const told = await read(t, (writer) => writer.failed(9, failure('STORE_CHANGED')));
    assert.deepEqual(told, { history: ['failed'], table: ['failed'], isStored: false, inPart: false });
  });

  test('is the other one over a run that goes on with the shard', async (t) => {
    const told = await read(t, (writer) => {
      writer.run({
        version: '0',
        started: new Date(0).toISOString(),
        pid: 1,
        boot: 'this',
        directory: '/',
        layout: 'tar',
        afresh: false,
        lists: [],
        firstShard: 1,
      });
      writer.item(9, KEY, URL, 'a', true);
      writer.stored(9, { ...FILE, shard: 1 }, false);
    });
    const table = ['9 in 1 for 000000005 in 00000.tar'];
    assert.deepEqual(told, { history: ['9 in 1'], table, isStored: true, inPart: false });
  });
});
