import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { NatsServer, noNats } from '../../helpers/nats.js';
import { doneOf, planOf, startWorker } from '../../helpers/plans.js';
import { scratch } from '../../helpers/scratch.js';

const ID = process.pid % 10_000;
const BRIDGE = `slb${ID}`;
const NET = `10.${200 + (ID % 50)}.${Math.floor(ID / 50) % 250}`;

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** Three machines on a network of their own, with this one. @returns why there are none */
function makeMachines(t: TestContext, names: readonly string[]): string | undefined {
  try {
    t.after(() => undo(names));
    ip('link', 'add', BRIDGE, 'type', 'bridge');
    ip('addr', 'add', `${NET}.1/24`, 'dev', BRIDGE);
    ip('link', 'set', BRIDGE, 'up');
    for (const [at, name] of names.entries()) {
      ip('netns', 'add', name);
      ip('link', 'add', `${BRIDGE}${at}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      ip('link', 'set', `${BRIDGE}${at}`, 'master', BRIDGE, 'up');
      ip('-n', name, 'addr', 'add', `${NET}.${at + 2}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
    }
    execFileSync('ip', ['netns', 'exec', names[0] as string, 'unshare', '--uts', '--pid', '--fork', 'true']);
    return undefined;
  } catch (error) {
    return `no network namespaces here: ${(error as Error).message.split('\n').slice(0, 2).join(' ')}`;
  }
}

function undo(names: readonly string[]): void {
  for (const args of [...names.map((name) => ['netns', 'del', name]), ['link', 'del', BRIDGE]]) {
    try {
      ip(...args);
    } catch {
      // It was not made.
    }
  }
}

test(
  'three workers, each a host of its own, share a plan over the network',
  { skip: noNats, timeout: 600_000 },
  async (t) => {
    const names = ['a', 'b', 'c'].map((letter) => `sluice-${ID}-${letter}`);
    const why = makeMachines(t, names);
    if (why !== undefined) {
      t.skip(why);
      return;
    }
    const askers = new Map<string, number>();
    const server = createServer((request, response) => {
      const from = request.socket.remoteAddress ?? '';
      askers.set(from, (askers.get(from) ?? 0) + 1);
      setTimeout(() => response.end('body'), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, `${NET}.1`, resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const origin = `http://${NET}.1:${(server.address() as AddressInfo).port}`;
    const nats = await NatsServer.start(t, '', true, `${NET}.1`);
    const directory = scratch(t);
    const lines = Array.from({ length: 600 }, (_, n) => `${origin}/f${n}`);
    const shards = await planOf(directory, lines, { shardItems: 10 });
    const workers = names.map((name) =>
      startWorker(t, [directory, '--queue', nats.url, '-m', '4'], {
        // A machine of its own has its own name, network and numbers of processes.
        within: `ip netns exec ${name} unshare --uts --pid --fork --mount-proc --kill-child sh -c`
          .split(' ')
          .concat(`hostname ${name} && exec "$0" "$@"`),
      }),
    );
    assert.deepEqual(
      await Promise.all(workers.map(({ ended }) => ended)),
      [0, 0, 0],
      workers.map(({ stderr }) => stderr()).join('\n'),
    );
    assert.deepEqual(
      [...askers.keys()].toSorted(),
      [2, 3, 4].map((at) => `${NET}.${at}`),
    );
    const counts = [...askers.values()];
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      600,
    );
    assert.ok(Math.min(...counts) >= 50, JSON.stringify(counts));
    const hosts = new Set<string>();
    for (let shard = 0; shard < shards; shard += 1) {
      const { claim, worker } = doneOf(directory, shard);
      assert.equal(claim, 1);
      hosts.add(worker);
    }
    assert.equal(hosts.size, 3);
  },
);
