import assert from 'node:assert/strict';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readManifest } from '../../../src/fleet/manifest.js';
import { makeAccounts } from '../../helpers/nats-accounts.js';
import { NatsServer, noNats, startCluster } from '../../helpers/nats.js';
import { servePaths } from '../../helpers/paths-server.js';
import { doneOf, planOf, startWorker, until } from '../../helpers/plans.js';
import { scratch } from '../../helpers/scratch.js';

const unless = { skip: noNats, timeout: 600_000 };
const server = servePaths();

function linesOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${server.origin}/${n % 7}/f${n}`);
}

test('a cluster of three servers of which one is killed hands out each shard once', unless, async (t) => {
  const servers = await startCluster(t);
  const directory = scratch(t);
  const shards = await planOf(directory, linesOf(150), { shardItems: 5 });
  const { id } = (await readManifest(directory)) ?? {};
  const client = await connect({ servers: servers.map(({ host }) => host), maxReconnectAttempts: -1 });
  t.after(() => client.close());
  const infoOf = async () => (await jetstreamManager(client, { timeout: 2_000 })).streams.info(`sluice-${id}`);
  // Its servers have to agree on who leads them before there can be a stream.
  for (;;) {
    try {
      await (await jetstreamManager(client, { timeout: 2_000 })).streams.names().next();
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  const queue = servers.map(({ url }) => url).join(',');
  const workers = [1, 2, 3].map(() => startWorker(t, [directory, '--queue', queue, '-m', '1', '--rate', '5']));
  await until(() => server.requested.length >= 20, 'some requests');
  const { config, cluster } = await infoOf();
  assert.equal(config.num_replicas, 3);
  const leader = servers[Number(cluster?.leader?.slice(1))] as NatsServer;
  await leader.kill();
  assert.deepEqual(
    await Promise.all(workers.map(({ ended }) => ended)),
    [0, 0, 0],
    workers.map(({ stderr }) => stderr()).join('\n'),
  );
  assert.equal(new Set(server.requested).size, 150);
  assert.equal(server.requested.length, 150);
  for (let shard = 0; shard < shards; shard += 1) assert.equal(doneOf(directory, shard).claim, 1);
});

test('a worker with credentials of nsc needs no more rights than the README says', unless, async (t) => {
  const accounts = makeAccounts();
  const nats = await NatsServer.start(t, accounts.config);
  const [directory, secrets] = [scratch(t), scratch(t)];
  const shards = await planOf(directory, linesOf(20), { shardItems: 5 });
  const run = async (pub: readonly string[]): Promise<{ status: number | null; stderr: string }> => {
    const file = join(secrets, 'worker.creds');
    writeFileSync(file, accounts.credentials({ pub, sub: ['sluice.>', '_INBOX.>'] }));
    const worker = startWorker(t, [directory, '--queue', nats.url, '--queue-creds', file]);
    return { status: await worker.ended, stderr: worker.stderr() };
  };
  const few = await run(['sluice.>', '_INBOX.>']);
  assert.equal(few.status, 2, few.stderr);
  assert.match(few.stderr, /refuses this worker/);
  assert.equal(server.requested.length, 0);
  const enough = await run(['sluice.>', '$JS.API.>', '$JS.ACK.>', '_INBOX.>']);
  assert.equal(enough.status, 0, enough.stderr);
  for (let shard = 0; shard < shards; shard += 1) assert.equal(doneOf(directory, shard).ok, 5);
  const other = makeAccounts().credentials({ pub: ['>'], sub: ['>'] });
  writeFileSync(join(secrets, 'other.creds'), other);
  const stranger = startWorker(t, [directory, '--queue', nats.url, '--queue-creds', join(secrets, 'other.creds')]);
  assert.equal(await stranger.ended, 2, stranger.stderr());
  assert.match(stranger.stderr(), /refuses this worker/);
});
