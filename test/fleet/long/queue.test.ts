import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ShardFeed, Turn } from '../../../src/fleet/feed.js';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { connectQueue } from '../../../src/fleet/queue/connect.js';
import { type QueueOptions, readAddress } from '../../../src/fleet/queue/address.js';
import { Line, NatsServer, noNats } from '../../helpers/nats.js';
import { Authority, noOpenssl } from '../../helpers/certificates.js';
import { freePort } from '../../helpers/programs.js';
import { scratch } from '../../helpers/scratch.js';

const unless = { skip: noNats, timeout: 600_000 };
const never = new AbortController().signal;

/** What a storage would say of a plan: which of its shards are done. */
class Plan {
  readonly directory: string;
  readonly id: string;
  readonly shards: number;
  readonly done = new Set<number>();
  /** Which of them somebody works on. */
  readonly held = new Set<number>();
  /** How often each shard was handed to somebody. */
  readonly handed: number[];
  looks = 0;

  constructor(t: TestContext, shards: number, id = '00000000000000aa') {
    this.directory = scratch(t);
    mkdirSync(join(this.directory, '.sluice', 'plan'), { recursive: true });
    this.id = id;
    this.shards = shards;
    this.handed = Array.from({ length: shards }, () => 0);
  }

  toDo = async (): Promise<number[]> => {
    this.looks += 1;
    return [...this.handed.keys()].filter((shard) => !this.done.has(shard));
  };

  get marks(): string[] {
    return readdirSync(join(this.directory, '.sluice', 'plan', 'marks'));
  }
}

const notes: string[] = [];

async function enter(
  t: TestContext,
  plan: Plan,
  options: string | QueueOptions,
  more: { lease?: number; patience?: number; worker?: string } = {},
): Promise<ShardFeed> {
  const queue = typeof options === 'string' ? { queue: options } : options;
  const feed = await connectQueue(queue, plan, {
    worker: 'one',
    lease: 60_000,
    note: (text) => void notes.push(text),
    ...more,
  });
  t.after(() => feed.close());
  return feed;
}

/** Takes shards until there are none. @param each what is done with a shard before it is done */
async function work(plan: Plan, feed: ShardFeed, each: (turn: Turn) => Promise<unknown>): Promise<number[]> {
  const mine: number[] = [];
  for (let turn; (turn = await feed.next(never)) !== undefined;) {
    const { shard } = turn;
    (plan.handed[shard] as number) += 1;
    if (plan.held.has(shard)) {
      await turn.again(50);
      continue;
    }
    if (!plan.done.has(shard)) {
      plan.held.add(shard);
      await each(turn);
      plan.held.delete(shard);
      plan.done.add(shard);
      mine.push(shard);
    }
    await turn.done();
  }
  return mine;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('three workers share a plan, each shard goes to one of them, and all of them end', unless, async (t) => {
  const server = await NatsServer.start(t);
  const plan = new Plan(t, 30);
  const feeds = await Promise.all([1, 2, 3].map((n) => enter(t, plan, server.url, { worker: `w${n}` })));
  const mine = await Promise.all(feeds.map((feed) => work(plan, feed, () => pause(10))));
  assert.deepEqual(plan.handed, Array(30).fill(1));
  assert.ok(
    mine.every(({ length }) => length > 3),
    JSON.stringify(mine),
  );
});

test('who waits while the last shard is at another ends as soon as that is done', unless, async (t) => {
  const server = await NatsServer.start(t);
  const plan = new Plan(t, 2);
  const [one, two] = [await enter(t, plan, server.url), await enter(t, plan, server.url)];
  const first = (await one.next(never)) as Turn;
  await work(plan, two, async () => {
    setTimeout(() => {
      plan.done.add(first.shard);
      void first.done().then(() => one.next(never));
    }, 500);
  });
  assert.equal(plan.done.size, 2);
});

test(
  'a shard of which nothing is heard for a lease goes to another, and a late word of it does no harm',
  unless,
  async (t) => {
    const server = await NatsServer.start(t);
    const plan = new Plan(t, 1);
    const [one, two] = [
      await enter(t, plan, server.url, { lease: 1_000 }),
      await enter(t, plan, server.url, { lease: 1_000 }),
    ];
    const late = (await one.next(never)) as Turn;
    const turn = (await two.next(never)) as Turn;
    assert.deepEqual([late.shard, turn.shard], [0, 0]);
    await late.again(0);
    await late.done();
    plan.done.add(0);
    await turn.done();
    assert.deepEqual(await Promise.all([one.next(never), two.next(never)]), [undefined, undefined]);
  },
);

test('a shard of which the worker tells that it is at it stays with it', unless, async (t) => {
  const server = await NatsServer.start(t);
  const plan = new Plan(t, 1);
  const [one, two] = [
    await enter(t, plan, server.url, { lease: 1_500 }),
    await enter(t, plan, server.url, { lease: 90_000 }),
  ];
  const turn = (await one.next(never)) as Turn;
  const other = two.next(never);
  const timer = setInterval(() => turn.working(), 100);
  await pause(4_000);
  clearInterval(timer);
  plan.done.add(turn.shard);
  await turn.done();
  await one.next(never);
  assert.equal(await other, undefined);
});

test('a shard that is given back is handed out again after its delay', unless, async (t) => {
  const server = await NatsServer.start(t);
  const plan = new Plan(t, 1);
  const feed = await enter(t, plan, server.url);
  const turn = (await feed.next(never)) as Turn;
  const began = performance.now();
  await turn.again(1_500);
  assert.equal((await feed.next(never))?.shard, 0);
  assert.ok(performance.now() - began > 1_400);
});

test(
  'whoever is interrupted while it waits stops waiting, and what it gives back goes to another at once',
  unless,
  async (t) => {
    const server = await NatsServer.start(t);
    const plan = new Plan(t, 1);
    const [one, two] = [await enter(t, plan, server.url), await enter(t, plan, server.url)];
    const turn = (await one.next(never)) as Turn;
    const stop = new AbortController();
    const waiting = two.next(stop.signal);
    setTimeout(() => stop.abort(new Error('interrupted')), 300);
    await assert.rejects(waiting, /interrupted/);
    await turn.again(0);
    await one.close();
    assert.equal((await two.next(never))?.shard, 0);
  },
);

test(
  'a server that is killed and started again, and one that has forgotten all: no shard is handed out again that is done',
  unless,
  async (t) => {
    const server = await NatsServer.start(t);
    const plan = new Plan(t, 24);
    const feeds = await Promise.all([1, 2, 3].map(() => enter(t, plan, server.url)));
    let faults = 0;
    let isBusy = false;
    const mine = feeds.map((feed) =>
      work(plan, feed, async () => {
        await pause(20);
        if (isBusy || plan.done.size < 8 * (faults + 1) || faults === 2) return;
        isBusy = true;
        await server.kill();
        if (faults === 1) server.wipe();
        faults += 1;
        await server.run();
        isBusy = false;
      }),
    );
    const all = (await Promise.all(mine)).flat();
    assert.equal(faults, 2);
    assert.deepEqual(
      all.sort((a, b) => a - b),
      [...plan.handed.keys()],
    );
    assert.deepEqual(plan.marks, []);
  },
);

test(
  'a worker that is cut off goes on with its shard, and takes the next when it gets through again',
  unless,
  async (t) => {
    const server = await NatsServer.start(t);
    const line = await Line.to(t, server.port);
    const plan = new Plan(t, 6);
    const [far, near] = [
      await enter(t, plan, line.url, { lease: 2_000 }),
      await enter(t, plan, server.url, { lease: 2_000 }),
    ];
    const turn = (await far.next(never)) as Turn;
    line.cut();
    plan.held.add(turn.shard);
    const others = work(plan, near, () => pause(1));
    // It is handed out again meanwhile, and what the storage says of it decides.
    await pause(3_000);
    assert.ok((plan.handed[turn.shard] as number) > 0);
    plan.held.delete(turn.shard);
    plan.done.add(turn.shard);
    await turn.done();
    const mine = work(plan, far, () => pause(1));
    await pause(1_000);
    line.mend();
    const all = [turn.shard, ...(await mine), ...(await others)];
    assert.deepEqual(
      all.sort((a, b) => a - b),
      [...plan.handed.keys()],
    );
  },
);

test('a connection over which nothing comes any more holds nobody for long', unless, async (t) => {
  const server = await NatsServer.start(t);
  const line = await Line.to(t, server.port);
  const plan = new Plan(t, 3);
  const far = await enter(t, plan, line.url, { lease: 2_000 });
  const turn = (await far.next(never)) as Turn;
  line.hold();
  plan.done.add(turn.shard);
  await turn.done();
  await work(plan, await enter(t, plan, server.url, { lease: 2_000 }), () => pause(1));
  assert.equal(await far.next(never), undefined);
});

test('who waits while the queue is away ends when the storage says that all is done', unless, async (t) => {
  const server = await NatsServer.start(t);
  const plan = new Plan(t, 1);
  const feed = await enter(t, plan, server.url);
  await server.kill();
  plan.done.add(0);
  assert.equal(await feed.next(never), undefined);
});

test('a queue that stays away ends the worker with QUEUE_LOST', unless, async (t) => {
  const server = await NatsServer.start(t);
  const feed = await enter(t, new Plan(t, 1), server.url, { patience: 1_500 });
  await server.kill();
  await assert.rejects(feed.next(never), { code: 'QUEUE_LOST' });
});

test('two plans in one server do not see each other', unless, async (t) => {
  const server = await NatsServer.start(t);
  const plans = [new Plan(t, 5, '00000000000000aa'), new Plan(t, 7, '00000000000000bb')];
  await Promise.all(plans.map(async (plan) => work(plan, await enter(t, plan, server.url), () => pause(5))));
  assert.deepEqual(
    plans.map(({ handed }) => handed),
    [Array(5).fill(1), Array(7).fill(1)],
  );
});

test('a copy of the folder is told from the storage that the others see, while they work', unless, async (t) => {
  const server = await NatsServer.start(t);
  const [plan, copy] = [new Plan(t, 2), new Plan(t, 2)];
  const feed = await enter(t, plan, server.url, { worker: 'first@host' });
  await assert.rejects(enter(t, copy, server.url), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'PLAN_ELSEWHERE');
    assert.match(error.message, /first@host/);
    return true;
  });
  await work(plan, feed, () => pause(1));
  assert.equal(plan.done.size, 2);
});

test(
  'what a plan that was given up has left in the server is made anew for the next of the same lists',
  unless,
  async (t) => {
    const server = await NatsServer.start(t);
    const [old, plan] = [new Plan(t, 3), new Plan(t, 3)];
    const feed = await enter(t, old, server.url);
    await feed.next(never);
    await feed.close();
    rmSync(old.directory, { recursive: true });
    await work(plan, await enter(t, plan, server.url), () => pause(1));
    assert.deepEqual(plan.handed, [1, 1, 1]);
  },
);

interface Refusal {
  readonly config?: string;
  readonly hasJetStream?: boolean;
  readonly options: (server: NatsServer) => string | QueueOptions;
  readonly code: string;
  readonly message: RegExp;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  'a server without JetStream': {
    hasJetStream: false,
    options: ({ url }) => url,
    code: 'QUEUE_UNFIT',
    message: /no JetStream/,
  },
  'an account without JetStream': {
    config: 'accounts { A { users: [{ user: a, password: secret1 }] } }',
    options: ({ host }) => `nats://a:secret1@${host}`,
    code: 'QUEUE_UNFIT',
    message: /no JetStream/,
  },
  'a wrong password': {
    config: 'authorization { user: a, password: other }',
    options: ({ host }) => `nats://a:secret1@${host}`,
    code: 'QUEUE_DENIED',
    message: /refuses/,
  },
  'no password where one is wanted': {
    config: 'authorization { user: a, password: other }',
    options: ({ url }) => url,
    code: 'QUEUE_DENIED',
    message: /refuses/,
  },
  'a user who may not make streams': {
    config: 'authorization { users: [{ user: a, password: secret1, permissions: { publish: "sluice.>" } }] }',
    options: ({ host }) => `nats://a:secret1@${host}`,
    code: 'QUEUE_DENIED',
    message: /refuses/,
  },
  'a server that does not encrypt': {
    options: ({ host }) => `tls://${host}`,
    code: 'QUEUE_UNREACHABLE',
    message: /does not encrypt|tls/,
  },
};

for (const [what, { config, hasJetStream, options, code, message }] of Object.entries(REFUSALS)) {
  test(`${what} is told as ${code}, and no password with it`, unless, async (t) => {
    const server = await NatsServer.start(t, config, hasJetStream);
    const plan = new Plan(t, 1);
    await assert.rejects(enter(t, plan, options(server)), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.match(error.message, new RegExp(server.host));
      assert.doesNotMatch(`${error.message} ${error.hint}`, /secret1/);
      return true;
    });
    assert.equal(plan.looks, 0);
  });
}

test('a plan that is done leaves nothing in the server, and who comes later makes nothing', unless, async (t) => {
  const server = await NatsServer.start(t);
  const plan = new Plan(t, 2);
  await work(plan, await enter(t, plan, server.url), () => pause(1));
  assert.equal(await (await enter(t, plan, server.url)).next(never), undefined);
  const nats = await connect({ servers: server.host });
  t.after(() => nats.close());
  assert.equal((await (await jetstreamManager(nats)).getAccountInfo()).streams, 0);
});

test('an address where nobody listens, and one where somebody else does, are QUEUE_UNREACHABLE', unless, async (t) => {
  const plan = new Plan(t, 1);
  const server = createServer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  for (const port of [await freePort(), (server.address() as AddressInfo).port]) {
    await assert.rejects(enter(t, plan, `nats://a:secret1@127.0.0.1:${port}`), { code: 'QUEUE_UNREACHABLE' });
  }
  await assert.rejects(enter(t, plan, 'nats://nowhere.invalid:4222'), { code: 'QUEUE_UNREACHABLE' });
});

test(
  'a stream of the same name that is no queue of the plan is left alone, and told as QUEUE_UNFIT',
  unless,
  async (t) => {
    const server = await NatsServer.start(t);
    const plan = new Plan(t, 1);
    const nats = await connect({ servers: server.host });
    t.after(() => nats.close());
    const { streams } = await jetstreamManager(nats);
    const settings = { name: `sluice-${plan.id}`, subjects: [`sluice.${plan.id}.shard.*`] };
    await streams.add(settings);
    await assert.rejects(enter(t, plan, server.url), { code: 'QUEUE_UNFIT', message: /no queue of this plan/ });
    await streams.delete(settings.name);
    await streams.add({ ...settings, description: `sluice plan ${plan.id}, mark 0123456789abcdef` });
    await assert.rejects(enter(t, plan, server.url), { code: 'QUEUE_UNFIT', message: /other retention/ });
    await streams.delete(settings.name);
    await streams.add({ name: 'all', subjects: ['sluice.>'] });
    await assert.rejects(enter(t, plan, server.url), { code: 'QUEUE_UNFIT', message: /another stream/ });
    assert.equal((await streams.info('all')).state.messages, 0);
  },
);

test('a token is read from a file, a user from the URL, and the server is asked with them', unless, async (t) => {
  const folder = scratch(t);
  const file = join(folder, 'token');
  writeFileSync(file, 's3cret\n');
  const server = await NatsServer.start(t, 'authorization { token: s3cret }');
  for (const options of [{ queue: server.url, queueTokenFile: file }, `nats://s3cret@${server.host}`]) {
    const plan = new Plan(t, 2);
    await work(plan, await enter(t, plan, options), () => pause(1));
    assert.equal(plan.done.size, 2);
  }
  writeFileSync(file, 'wrong');
  await assert.rejects(enter(t, new Plan(t, 1), { queue: server.url, queueTokenFile: file }), { code: 'QUEUE_DENIED' });
  const users = await NatsServer.start(t, 'authorization { user: "a b", password: "p:@/%" }');
  const plan = new Plan(t, 2);
  await work(plan, await enter(t, plan, `nats://a%20b:p%3A%40%2F%25@${users.host}`), () => pause(1));
  assert.equal(plan.done.size, 2);
});

test('the permissions that the README names are enough', unless, async (t) => {
  const publish = '["sluice.>", "$JS.API.>", "$JS.ACK.>", "_INBOX.>"]';
  const permissions = `{ publish: ${publish}, subscribe: ["sluice.>", "_INBOX.>"] }`;
  const server = await NatsServer.start(
    t,
    `authorization { users: [{ user: a, password: secret1, permissions: ${permissions} }] }`,
  );
  const plan = new Plan(t, 3);
  await work(plan, await enter(t, plan, `nats://a:secret1@${server.host}`), () => pause(1));
  assert.equal(plan.done.size, 3);
});

test('tls:// trusts the authority that is named, and no other', { ...unless, skip: noNats || noOpenssl }, async (t) => {
  const authority = new Authority(t);
  const { key, cert } = authority.sign('IP:127.0.0.1', 2);
  const [keyFile, certFile] = [authority.write('server.key', key), authority.write('server.pem', cert)];
  const server = await NatsServer.start(t, `tls { cert_file: "${certFile}", key_file: "${keyFile}" }`);
  const plan = new Plan(t, 2);
  await assert.rejects(enter(t, plan, `tls://${server.host}`), { code: 'QUEUE_UNREACHABLE', message: /not trusted/ });
  await work(plan, await enter(t, plan, { queue: `tls://${server.host}`, queueCa: authority.path }), () => pause(1));
  assert.equal(plan.done.size, 2);
});

test('what is no address, no file and no credentials is a mistake of whoever asks, told without a secret', async (t) => {
  const file = join(scratch(t), 'empty');
  writeFileSync(file, '');
  const queue = 'nats://127.0.0.1:4222';
  const wrong: readonly QueueOptions[] = [
    { queue: '' },
    { queue: 'localhost' },
    { queue: 'http://a:secret1@localhost' },
    { queue: 'nats://a:secret1@localhost/x' },
    { queue: 'nats://a:secret1@local host' },
    { queue: `${queue},tls://localhost` },
    { queue: 'nats://a:secret1@one,nats://b:secret1@two' },
    { queue: 'nats://a:secret1%@one' },
    { queue, queueCa: file },
    { queue: 'tls://localhost', queueCa: file },
    { queue, queueCreds: file },
    { queue, queueCreds: join(file, 'none') },
    { queue, queueTokenFile: file },
    { queue: 'nats://a:secret1@one', queueTokenFile: file },
  ];
  for (const options of wrong) {
    await assert.rejects(readAddress(options), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, 'USAGE', error.message);
      assert.doesNotMatch(`${error.message} ${error.hint}`, /secret1/);
      return true;
    });
  }
});
