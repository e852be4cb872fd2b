import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { planFolder } from '../../../src/fleet/plan-folder.js';
import { noOpenssl } from '../../helpers/certificates.js';
import { CLI, sluice } from '../../helpers/cli.js';
import { filesBelow } from '../../helpers/folders.js';
import { Line, NatsServer, noNats } from '../../helpers/nats.js';
import { bodyAt, servePaths } from '../../helpers/paths-server.js';
import { doneOf, planOf, startWorker, until } from '../../helpers/plans.js';
import { freePort } from '../../helpers/programs.js';
import { scratch } from '../../helpers/scratch.js';

const unless = { skip: noNats, timeout: 600_000 };
const server = servePaths();

function linesOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${server.origin}/${n % 7}/f${n}`);
}

/** Each file is there, and right, and nothing else is. */
function assertWhole(directory: string, count: number): void {
  const files = filesBelow(directory).filter((path) => !path.startsWith('.sluice/'));
  assert.equal(files.length, count);
  for (let n = 0; n < count; n += 1) {
    assert.deepEqual(readFileSync(join(directory, `f${n}`)), Buffer.from(bodyAt(`/${n % 7}/f${n}`)));
  }
}

function shardsDone(directory: string, shards: number): number {
  return Array.from({ length: shards }, (_, shard) => shard).filter((shard) => isDone(directory, shard)).length;
}

function isDone(directory: string, shard: number): boolean {
  try {
    return doneOf(directory, shard).rows > 0;
  } catch {
    return false;
  }
}

test(
  'three workers and a queue store each row once, with one claim a shard, and end when all is done',
  unless,
  async (t) => {
    const nats = await NatsServer.start(t);
    const directory = scratch(t);
    const asked = server.requested.length;
    const shards = await planOf(directory, linesOf(120), { shardItems: 10 });
    const workers = [1, 2, 3].map(() => startWorker(t, [directory, '--queue', nats.url, '-m', '4']));
    assert.deepEqual(await Promise.all(workers.map(({ ended }) => ended)), [0, 0, 0]);
    assertWhole(directory, 120);
    assert.equal(server.requested.length - asked, 120);
    for (let shard = 0; shard < shards; shard += 1) assert.equal(doneOf(directory, shard).claim, 1);
    assert.deepEqual(readdirSync(join(planFolder(directory), 'marks')), []);
  },
);

test(
  'a server that is killed, wiped and started again while workers work: no row is requested twice',
  unless,
  async (t) => {
    const nats = await NatsServer.start(t);
    const directory = scratch(t);
    const asked = server.requested.length;
    const shards = await planOf(directory, linesOf(200), { shardItems: 5 });
    const args = [directory, '--queue', nats.url, '-m', '1', '--rate', '30'];
    const workers = [1, 2, 3].map(() => startWorker(t, args));
    await until(() => shardsDone(directory, shards) >= 8, 'some shards');
    await nats.kill();
    await nats.run();
    await until(() => shardsDone(directory, shards) >= 20, 'more shards');
    await nats.kill();
    nats.wipe();
    await nats.run();
    assert.deepEqual(await Promise.all(workers.map(({ ended }) => ended)), [0, 0, 0]);
    assertWhole(directory, 200);
    assert.equal(server.requested.length - asked, 200);
  },
);

test('with the queue gone for good, a worker without it finishes the plan', unless, async (t) => {
  const nats = await NatsServer.start(t);
  const directory = scratch(t);
  const asked = server.requested.length;
  const shards = await planOf(directory, linesOf(100), { shardItems: 10 });
  const worker = startWorker(t, [directory, '--queue', nats.url, '-m', '1', '--rate', '50']);
  await until(() => shardsDone(directory, shards) >= 2, 'two shards');
  await nats.kill();
  const { status } = await sluice(['work', directory], { cwd: directory });
  assert.equal(status, 0);
  // It sees on the storage that all is done.
  assert.equal(await worker.ended, 0);
  assertWhole(directory, 100);
  assert.equal(server.requested.length - asked, 100);
});

test('a worker that is cut off from the queue commits its shard, and nothing is done twice', unless, async (t) => {
  const nats = await NatsServer.start(t);
  const line = await Line.to(t, nats.port);
  const directory = scratch(t);
  const asked = server.requested.length;
  const shards = await planOf(directory, linesOf(90), { shardItems: 15 });
  const slow = ['-m', '1', '--rate', '10', '--lease', '2'];
  const far = startWorker(t, [directory, '--queue', line.url, ...slow]);
  await until(() => server.requested.length > asked, 'a request');
  line.cut();
  const near = startWorker(t, [directory, '--queue', nats.url, ...slow]);
  await until(() => shardsDone(directory, shards) >= 4, 'four shards');
  line.mend();
  assert.deepEqual(await Promise.all([far.ended, near.ended]), [0, 0]);
  assert.match(far.stderr(), /lost the connection/);
  assertWhole(directory, 90);
  assert.equal(server.requested.length - asked, 90);
});

test('a queue that cannot be had ends a worker with status 2 before anything is requested', unless, async (t) => {
  const directory = scratch(t);
  await planOf(directory, linesOf(5), { shardItems: 5 });
  const asked = server.requested.length;
  const nats = await NatsServer.start(t, 'authorization { user: a, password: right1 }', false);
  const file = join(scratch(t), 'token');
  writeFileSync(file, 'wrong1');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--queue', `nats://a:wrong1@127.0.0.1:${await freePort()}`], /no queue at nats:\/\/127/],
    [['--queue', `nats://a:wrong1@${nats.host}`], /refuses this worker/],
    [['--queue', nats.url, '--queue-token-file', file], /refuses this worker/],
    [['--queue', `nats://a:right1@${nats.host}`], /has no JetStream/],
    [['--queue', `nats://a:right1@${nats.host}`, '--shard', '0/2'], /cannot go together/],
    [['--queue-token-file', file], /go with --queue/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await sluice(['work', directory, ...args], { cwd: directory });
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /wrong1|right1/);
  }
  assert.equal(server.requested.length, asked);
  assert.deepEqual(readdirSync(join(planFolder(directory), 'shards')), []);
});

test('the recipe of the README does what it says', { ...unless, skip: noNats || noOpenssl }, async (t) => {
  const folder = scratch(t);
  const port = await freePort();
  const readme = readFileSync(fileURLToPath(new URL('../../../../src/fleet/README.md', import.meta.url)), 'utf8');
  const section = readme.slice(readme.indexOf('\n## A queue: NATS JetStream\n'));
  const [, block = ''] = /```sh\n([^]*?)```/.exec(section) ?? [];
  const script = block
    .replaceAll('/mnt/nas', folder)
    .replace('0.0.0.0:4222', `127.0.0.1:${port}`)
    .replace('one:4222', `127.0.0.1:${port}`)
    .replace(
      /^(nats-server .*) &$/m,
      '$1 > ~/log 2>&1 & server=$!; until grep -q "is ready" ~/log; do sleep 0.1; done',
    );
  writeFileSync(join(folder, 'urls.txt'), linesOf(20).join('\n'));
  writeFileSync(join(folder, 'sluice'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, HOME: folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const whole = `trap 'kill $server' EXIT; set -e\n${script}`;
  await promisify(execFile)('/bin/sh', ['-c', whole], { cwd: folder, env });
  assertWhole(join(folder, 'photos'), 20);
});

test('a worker that sees a copy of the storage is told so with status 2, and the others go on', unless, async (t) => {
  const nats = await NatsServer.start(t);
  const [directory, copy] = [scratch(t), scratch(t)];
  const shards = await planOf(directory, linesOf(60), { shardItems: 10 });
  cpSync(directory, copy, { recursive: true });
  const worker = startWorker(t, [directory, '--queue', nats.url, '-m', '1', '--rate', '10']);
  await until(() => shardsDone(directory, shards) >= 1, 'a shard');
  const { status, stderr } = await sluice(['work', copy, '--queue', nats.url], { cwd: copy });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /not the storage that the other workers/);
  assert.equal(await worker.ended, 0);
  assertWhole(directory, 60);
});
