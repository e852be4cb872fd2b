import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Events } from '../../src/results/events.js';
import { CLI, sluice } from '../helpers/cli.js';
import { eventLines } from '../helpers/event-lines.js';
import { filesBelow } from '../helpers/folders.js';
import { missing } from '../helpers/programs.js';
import { scratch } from '../helpers/scratch.js';
import { NOTHING_DONE } from '../helpers/summaries.js';

const server = createServer(({ url = '' }, answer) => {
  answer.statusCode = url.startsWith('/missing') ? 404 : url.startsWith('/broken') ? 403 : 200;
  if (url.startsWith('/slow')) setTimeout(() => answer.end('late'), 1300);
  else answer.end(`of ${url}`);
});
let at = '';

before(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

describe('--events', () => {
  test('has each outcome, how the run is and its account, as the schema says', async (t) => {
    const cwd = scratch(t);
    const withPassword = at.replace('//', '//ann:s3cret@');
    writeFileSync(
      join(cwd, 'list.csv'),
      `url,what\n${at}/a,x\n${at}/missing,\n${withPassword}/broken,y\nnone,\n${at}/slow,\n${at}/a,\n`,
    );
    const line = ['get', '-i', 'list.csv', '-d', 'out', '--keep-columns', 'what', '--compute-hash', 'sha256'];
    writeFileSync(join(cwd, 'events'), 'what was there before\n');

    const { status } = await sluice([...line, '--events', 'events', '--report', 'report'], { cwd });
    assert.equal(status, 1);
    const lines = eventLines(readFileSync(join(cwd, 'events'), 'utf8'));
    const [first, last] = [lines[0], lines.at(-1)];
    assert.deepEqual([first?.event, first?.['command'], first?.['directory']], ['begin', 'get', join(cwd, 'out')]);
    assert.ok(lines.some(({ event }) => event === 'state'));
    const outcomes = lines.filter(({ event }) => event === 'outcome');
    assert.deepEqual(
      outcomes.map(({ index, status: its }) => [index, its]).toSorted(([a], [b]) => Number(a) - Number(b)),
      [
        [0, 'ok'],
        [1, 'not_found'],
        [2, 'error'],
        [3, 'error'],
        [4, 'ok'],
      ],
    );
    const stored = outcomes.find(({ index }) => index === 0);
    assert.equal(stored?.['path'], join(cwd, 'out', 'a'));
    assert.deepEqual(stored?.['columns'], { what: 'x' });
    const report = JSON.parse(readFileSync(join(cwd, 'report'), 'utf8')) as Record<string, unknown>;
    for (const name of ['ok', 'notFound', 'errors', 'duplicates', 'bytes', 'causes'])
      assert.deepEqual(last?.[name], report[name]);
    assert.equal(last?.event, 'end');
    assert.doesNotMatch(JSON.stringify(lines), /s3cret/);
    const again = await sluice([...line, '--events', 'events'], { cwd });
    assert.equal(again.status, 1);
    const skipped = eventLines(readFileSync(join(cwd, 'events'), 'utf8')).filter(
      ({ status: its }) => its === 'skipped',
    );
    assert.deepEqual(
      skipped.map(({ name }) => name).toSorted((a, b) => String(a).localeCompare(String(b))),
      ['a', 'slow'],
    );
  });

  test('on standard output stands alone there', async (t) => {
    const cwd = scratch(t);
    const { status, stdout } = await sluice(['get', `${at}/a`, `${at}/b`, '--events', '-'], { cwd });
    assert.equal(status, 0);
    assert.deepEqual(
      eventLines(stdout).flatMap(({ event }) => (event === 'state' ? [] : [event])),
      ['begin', 'outcome', 'outcome', 'end'],
    );
    for (const other of [['--verbose'], ['--report', '-']]) {
      const refused = await sluice(['get', `${at}/a`, '--events', '-', ...other], { cwd });
      assert.equal(refused.status, 2);
      assert.match(
        refused.stderr,
        /^\*\*\* Usage error: .* does not go with .*: both are standard output: give one of them a file/,
      );
    }
  });

  test('leaves a file as it is where the run does not begin, and names one that cannot be written', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'events'), 'mine');
    assert.equal((await sluice(['get', '-i', 'nowhere', '--events', 'events'], { cwd })).status, 2);
    assert.equal(readFileSync(join(cwd, 'events'), 'utf8'), 'mine');
    const { status, stderr } = await sluice(['get', `${at}/a`, '--events', 'no/such/place'], { cwd });
    assert.equal(status, 2);
    assert.match(stderr, /^\*\*\* Usage error: --events no\/such\/place cannot be written/);
  });

  test('of a reader that leaves thinks no more: the run and its status are the same', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), Array.from({ length: 500 }, (_, n) => `${at}/${n}`).join('\n'));
    const child = spawn(process.execPath, [CLI, 'get', '-i', 'list', '-d', 'out', '--events', '-'], {
      cwd,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const [status] = (await once(child, 'close')) as [number];
    assert.equal(status, 0);
    assert.equal(filesBelow(join(cwd, 'out')).filter((name) => !name.startsWith('.')).length, 500);
  });

  test('of a reader that reads late waits at the end only, and loses nothing', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), Array.from({ length: 1000 }, (_, n) => `${at}/${n}`).join('\n'));
    const child = spawn(process.execPath, [CLI, 'get', '-i', 'list', '-d', 'out', '--events', '-', '-q'], {
      cwd,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.pause();
    const ended = once(child, 'close');
    for (let stored = 0; stored < 1000; await sleep(50)) {
      if (!existsSync(join(cwd, 'out'))) continue;
      stored = filesBelow(join(cwd, 'out')).filter((name) => !name.startsWith('.')).length;
    }
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    child.stdout.resume();
    const [status] = (await ended) as [number];
    assert.equal(status, 0);
    assert.equal(eventLines(text).filter(({ event }) => event === 'outcome').length, 1000);
  });

  test(
    'of one that is too far behind leaves outcomes out, and tells how many',
    { skip: missing('mkfifo') },
    async (t) => {
      const path = join(scratch(t), 'events');
      assert.equal(spawnSync('mkfifo', [path]).status, 0);
      const reader = createReadStream(path, 'utf8');
      let text = '';
      const events = await Events.open(path, { directory: '/x', journal: true, state: '/x', layout: 'flat' });
      const url = `http://localhost/${'x'.repeat(1000)}`;
      const total = 20_000;
      for (let index = 0; index < total; index += 1)
        events.note({ status: 'skipped', index, url, name: 'x', kept: false, unchanged: false });
      reader.on('data', (piece) => (text += String(piece)));
      const finished = once(reader, 'close');
      await sleep(200);
      events.note({ status: 'skipped', index: total, url, name: 'x', kept: false, unchanged: false });
      const isWhole = await events.close('get', NOTHING_DONE);
      await finished;
      const lines = eventLines(text);
      const lost = lines
        .filter(({ event }) => event === 'lost')
        .reduce((sum, { outcomes }) => sum + Number(outcomes), 0);
      assert.ok(lost > 1000, `${lost}`);
      assert.equal(lines.filter(({ event }) => event === 'outcome').length + lost, total + 1);
      assert.equal(isWhole, false);
    },
  );
});
