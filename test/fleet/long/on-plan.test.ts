/** `sluice status`, `export`, `verify` and `retry` on a destination with a plan, which others have worked off. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test, type TestContext } from 'node:test';
import { serveAsked } from '../../helpers/asked-server.js';
import { type Ran, sluice, warmSluice } from '../../helpers/cli.js';
import { filesBelow } from '../../helpers/folders.js';
import { scratch } from '../../helpers/scratch.js';

interface Told {
  readonly stored: number;
  readonly bytes: number;
  readonly notFound: number;
  readonly errors: number;
  readonly unfinished: number;
  readonly causes: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly url: string; readonly code: string }[];
  readonly running: false | { readonly pid: number };
  readonly plan: {
    readonly rows: number;
    readonly items: number;
    readonly refused: number;
    readonly duplicates: number;
    readonly unknown: number;
    readonly shards: Readonly<Record<string, number>>;
    readonly running: readonly { readonly shard: number; readonly worker?: string }[];
    readonly failed: readonly { readonly shard: number }[];
    readonly damaged: readonly { readonly shard: number; readonly why: string }[];
  };
}

describe('on a destination with a plan', () => {
  /** What paths that begin with /sometimes are answered; 0: nothing. */
  let sometimes = 403;
  let onHeld = (): void => undefined;
  const server = serveAsked((url, response) => {
    if (sometimes === 0 && url.startsWith('/sometimes')) {
      onHeld();
      return;
    }
    response.statusCode = url.startsWith('/never') ? 404 : url.startsWith('/sometimes') ? sometimes : 200;
    response.end(`body of ${url}`);
  });
  const { requested } = server;
  beforeEach(() => {
    sometimes = 403;
  });

  /** 12 rows in 4 shards: an item is there twice, in two shards, a row is no URL, one is not found, one fails. */
  const LIST = (): string =>
    [
      'url,caption',
      `${server.origin}/a.txt,one`,
      `${server.origin}/b.txt,two`,
      `${server.origin}/sometimes.txt,three`,
      'no-url,four',
      `${server.origin}/c.txt,five`,
      `${server.origin}/a.txt,one again`,
      `${server.origin}/never.txt,six`,
      `${server.origin}/d.txt,seven`,
      `${server.origin}/e.txt,eight`,
      `${server.origin}/f.txt,nine`,
      `${server.origin}/g.txt,ten`,
      `${server.origin}/h.txt,eleven`,
      '',
    ].join('\n');

  /** @param worked the parts of 4 that are worked off */
  async function planned(
    t: TestContext,
    worked: readonly number[] = [0, 1, 2, 3],
  ): Promise<{ cwd: string; d: string }> {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list.csv'), LIST());
    const made = await warmSluice(
      ['plan', '-i', 'list.csv', '-d', 'd', '--shard-items', '3', '--keep-columns', 'caption', '-q'],
      { cwd },
    );
    assert.equal(made.status, 0, made.stderr);
    for (const shard of worked) await worksOff(cwd, shard);
    requested.splice(0);
    return { cwd, d: join(cwd, 'd') };
  }

  async function worksOff(cwd: string, shard: number): Promise<void> {
    const ran = await warmSluice(['work', 'd', '--shard', `${shard}/4`, '-q'], { cwd });
    assert.equal(ran.stderr, '');
  }

  async function told(cwd: string, ...more: string[]): Promise<{ status: number | null; told: Told }> {
    const { status, stdout, stderr } = await warmSluice(['status', 'd', '--json', ...more], { cwd });
    assert.equal(stderr, '');
    const known = JSON.parse(stdout) as Told;
    const { plan } = known;
    // Each row once, whatever has become of it.
    assert.equal(known.stored + known.notFound + known.errors + known.unfinished + plan.unknown, plan.items);
    assert.equal(plan.items + plan.refused + plan.duplicates, plan.rows);
    return { status, told: known };
  }

  const run = (cwd: string, ...args: string[]): Promise<Ran> => warmSluice(args, { cwd });
  const shard = (d: string, number: number): string => join(d, `.sluice/plan/shards/0000${number}`);
  /** As if its worker, which is this test's and alive, had gone on long ago. */
  const old = (d: string, number: number): void => utimesSync(join(shard(d, number), '0001/claim.json'), 1e9, 1e9);
  const journal = (d: string, number: number): string => join(shard(d, number), '0001/journal');

  test('status counts each row once, those of shards that nobody has begun, too', async (t) => {
    const { cwd } = await planned(t, [0, 1]);
    const { status, told: known } = await told(cwd);
    assert.equal(status, 1);
    const { stored, notFound, errors, unfinished, causes, failures, running, plan } = known;
    assert.deepEqual([stored, notFound, errors, unfinished, running], [3, 0, 1, 6, false]);
    assert.deepEqual(causes, { HTTP_STATUS: 1 });
    assert.deepEqual(
      failures.map(({ url, code }) => [url, code]),
      [[`${server.origin}/sometimes.txt`, 'HTTP_STATUS']],
    );
    assert.deepEqual([plan.rows, plan.items, plan.refused, plan.duplicates, plan.unknown], [12, 10, 1, 1, 0]);
    assert.deepEqual(plan.shards, { all: 4, open: 2, left: 0, running: 0, done: 2, failed: 0, damaged: 0 });
    const { stdout } = await run(cwd, 'status', 'd');
    assert.match(stdout, /^d: 3 files stored, 42 B\.$/m);
    assert.match(stdout, /^A plan of 12 rows: 2 of 4 shards done, 2 open\.$/m);
    assert.match(stdout, /^sluice work goes on with what is not done\.$/m);
    assert.match(stdout, /^\*\*\* Error for .*\/sometimes\.txt: the server answered 403$/m);
  });

  test('status has the exit status 0 when all is stored', async (t) => {
    sometimes = 200;
    const { cwd } = await planned(t, []);
    writeFileSync(join(cwd, 'list.csv'), `url\n${server.origin}/a\n${server.origin}/b\n`);
    assert.equal((await run(cwd, 'plan', '-i', 'list.csv', '-d', 'e', '-q')).status, 0);
    assert.equal((await run(cwd, 'work', 'e', '-q')).status, 0);
    assert.equal((await run(cwd, 'status', 'e')).status, 0);
  });

  test('an export has each row once, and what a single run of the same list has', async (t) => {
    const { cwd } = await planned(t);
    await run(cwd, 'get', '-i', 'list.csv', '-d', 'single', '--keep-columns', 'caption', '-q');
    const fields = ['--format', 'csv', '--fields', 'url,name,status,error,message,http_status,size,tries,caption'];
    const single = await run(cwd, 'export', 'single', ...fields);
    const plan = await run(cwd, 'export', 'd', ...fields);
    assert.deepEqual([single.status, plan.status, plan.stderr], [0, 0, '']);
    assert.equal(plan.stdout, single.stdout);
    assert.equal(plan.stdout.trimEnd().split('\n').length, 13);
    const files = filesBelow(join(cwd, 'single')).filter((name) => !name.startsWith('.sluice'));
    assert.deepEqual(
      filesBelow(join(cwd, 'd')).filter((name) => !name.startsWith('.sluice')),
      files,
    );
    for (const format of ['urls', 'sha256sum']) {
      const [one, other] = [
        await run(cwd, 'export', 'single', '--format', format),
        await run(cwd, 'export', 'd', '--format', format),
      ];
      assert.equal(other.stdout, one.stdout);
    }
  });

  test('an export tells rows of shards that nobody has begun as pending', async (t) => {
    const { cwd } = await planned(t, [2]);
    const { stdout } = await run(cwd, 'export', 'd', '--format', 'csv', '--fields', 'name,status,caption');
    assert.deepEqual(stdout.trimEnd().split('\n').slice(1), [
      'a.txt,pending,one',
      'b.txt,pending,two',
      'sometimes.txt,pending,three',
      ',error,four',
      'c.txt,pending,five',
      'a.txt,pending,one again',
      'never.txt,not_found,six',
      'd.txt,ok,seven',
      'e.txt,ok,eight',
      'f.txt,pending,nine',
      'g.txt,pending,ten',
      'h.txt,pending,eleven',
    ]);
  });

  test('retry requests just what failed, and what is there stays as it is', async (t) => {
    const { cwd, d } = await planned(t);
    sometimes = 200;
    const ran = await run(cwd, 'retry', 'd');
    assert.equal(ran.status, 1, ran.stderr);
    assert.match(ran.stderr, /^1 file downloaded, 22 B\.$/m);
    assert.match(ran.stderr, /^1 not found\.$/m);
    assert.deepEqual(requested.toSorted(), ['/never.txt', '/sometimes.txt']);
    assert.equal(readFileSync(join(d, 'sometimes.txt'), 'utf8'), 'body of /sometimes.txt');
    const { told: known } = await told(cwd);
    assert.deepEqual([known.stored, known.notFound, known.errors, known.plan.shards['done']], [9, 1, 0, 4]);
    assert.equal((await run(cwd, 'verify', 'd')).status, 0);
  });

  test('retry opens a shard that has failed, and one that somebody has begun and left', async (t) => {
    const { cwd, d } = await planned(t, [0, 1, 2]);
    writeFileSync(
      join(shard(d, 2), 'failed.json'),
      JSON.stringify({ claim: 1, attempts: 5, error: { code: 'STORE_FULL', message: 'no space' } }),
    );
    rmSync(join(shard(d, 2), 'done.json'));
    rmSync(join(shard(d, 0), 'done.json'));
    old(d, 0);
    const before = await told(cwd);
    assert.deepEqual(
      before.told.plan.failed.map((one) => one.shard),
      [2],
    );
    assert.match((await run(cwd, 'status', 'd')).stdout, /^\*\*\* Shard 2 failed, after 5 attempts: no space$/m);
    sometimes = 200;
    const ran = await run(cwd, 'retry', 'd');
    assert.equal(ran.status, 1, ran.stderr);
    assert.deepEqual(requested.toSorted(), ['/never.txt', '/sometimes.txt']);
    assert.deepEqual((await told(cwd)).told.plan.shards, {
      all: 4,
      open: 1,
      left: 0,
      running: 0,
      done: 3,
      failed: 0,
      damaged: 0,
    });
  });

  test('a retry that is killed leaves a shard that is not done, for anybody to finish', async (t) => {
    const { cwd } = await planned(t);
    sometimes = 0;
    let pid = 0;
    onHeld = () => process.kill(pid, 'SIGKILL');
    const killed = await sluice(['retry', 'd'], { cwd, onStart: (its) => (pid = its) });
    assert.equal(killed.status, null);
    const { status, told: known } = await told(cwd);
    assert.equal(status, 1);
    assert.deepEqual([known.plan.shards['done'], known.plan.shards['left']], [3, 1]);
    sometimes = 200;
    requested.splice(0);
    await warmSluice(['work', 'd', '-q'], { cwd });
    assert.deepEqual(requested, ['/sometimes.txt']);
    const after = await told(cwd);
    assert.deepEqual([after.told.stored, after.told.notFound, after.told.plan.shards['done']], [9, 1, 4]);
    assert.equal((await run(cwd, 'verify', 'd')).status, 0);
  });

  test('a shard that another worker has is left to it, and told with how fast it is', async (t) => {
    const { cwd, d } = await planned(t, [0, 1, 2]);
    const claim = join(shard(d, 3), '0001');
    mkdirSync(claim, { recursive: true });
    const progress = { done: 1, stored: 1, notFound: 0, disallowed: 0, errors: 0, files: 1, bytes: 512, elapsed: 2 };
    const verdict = { bound: 'server', share: 0.9, detail: 'it answers after 50 ms', advice: undefined };
    const who = { worker: 'far-1', pid: 7, host: 'far', space: 'elsewhere', since: '2026-01-01', lease: 60_000 };
    writeFileSync(join(claim, 'claim.json'), JSON.stringify({ ...who, progress: { ...progress, verdict } }));
    const { status, told: known } = await told(cwd);
    assert.equal(status, 1);
    assert.deepEqual([known.stored, known.unfinished], [6, 2]);
    assert.deepEqual(known.running, { pid: 7, host: 'far', since: '2026-01-01' });
    assert.deepEqual(
      known.plan.running.map((one) => [one.shard, one.worker]),
      [[3, 'far-1']],
    );
    assert.match(
      (await run(cwd, 'status', 'd')).stdout,
      /^Shard 3: far-1 \(process 7 on far\), 1\/3 rows, 0\.5 files\/s, 256 B\/s, held up by server 90% \(it answers after 50 ms\), heard of \d+s ago$/m,
    );
    const ran = await run(cwd, 'retry', 'd');
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /^Shard 3 is left to far-1 \(process 7 on far, since 2026-01-01\)\.$/m);
    assert.ok(!requested.includes('/h.txt'));
    assert.deepEqual(readdirSync(shard(d, 3)), ['0001']);
    writeFileSync(join(claim, 'claim.json'), '{"worker":');
    assert.match((await run(cwd, 'status', 'd')).stdout, /^Shard 3: somebody works on it; who is not known/m);
  });

  test('verify tells what is wrong in any shard; --repair fetches just that again, and commits the shard once more', async (t) => {
    sometimes = 200;
    const { cwd, d } = await planned(t);
    rmSync(join(d, 'b.txt'));
    writeFileSync(join(d, 'g.txt'), 'body of /G.txt');
    const found = await run(cwd, 'verify', 'd');
    assert.equal(found.status, 1, found.stderr);
    assert.deepEqual(found.stdout.trimEnd().split('\n'), [
      '*** b.txt is missing',
      '*** g.txt has another content than what was stored',
      '7 files right, 106 B; 2 wrong.',
    ]);
    const repaired = await run(cwd, 'verify', 'd', '--repair');
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.match(repaired.stdout, /^2 files fetched again, and right now\.$/m);
    assert.deepEqual(requested.toSorted(), ['/b.txt', '/g.txt']);
    assert.deepEqual((await told(cwd)).told.plan.shards['done'], 4);
    assert.equal(readFileSync(join(d, 'g.txt'), 'utf8'), 'body of /g.txt');
    assert.equal((await run(cwd, 'verify', 'd')).status, 0);
  });

  test('a done.json that is damaged, or does not tell of all rows, is told, and its rows count as not known', async (t) => {
    sometimes = 200;
    const { cwd, d } = await planned(t);
    const done = join(shard(d, 0), 'done.json');
    const record = JSON.parse(readFileSync(done, 'utf8')) as { ok: number };
    writeFileSync(done, JSON.stringify({ ...record, ok: 1 }));
    writeFileSync(join(shard(d, 3), 'done.json'), '{"claim":1');
    const { status, told: known } = await told(cwd);
    assert.equal(status, 1);
    assert.deepEqual([known.stored, known.notFound, known.plan.unknown], [3, 1, 6]);
    assert.deepEqual(
      known.plan.damaged.map((one) => [one.shard, one.why]),
      [
        [0, 'its done.json tells of 1 rows, and its list has 3'],
        [3, 'its done.json is damaged: it is no object of JSON'],
      ],
    );
    const verified = await run(cwd, 'verify', 'd');
    assert.equal(verified.status, 1);
    assert.match(verified.stdout, /^\*\*\* Shard 0: its done\.json tells of 1 rows/m);
    assert.match(verified.stdout, /^9 files right, .*; 0 wrong\.$/m);
    for (const number of [0, 3]) old(d, number);
    // The journals are whole: nothing is requested to find out what is there.
    assert.equal((await run(cwd, 'verify', 'd', '--repair')).status, 0);
    assert.deepEqual(requested, []);
    assert.equal((await told(cwd)).told.plan.unknown, 0);
  });

  test('a journal that is missing or damaged is told, its rows are pending, and --repair makes it anew', async (t) => {
    sometimes = 200;
    const { cwd, d } = await planned(t);
    rmSync(journal(d, 0));
    const bytes = readFileSync(journal(d, 3));
    bytes[60] = (bytes[60] as number) ^ 1;
    writeFileSync(journal(d, 3), bytes);
    const exported = await run(cwd, 'export', 'd', '--format', 'csv', '--fields', 'name,status');
    assert.equal(exported.status, 1);
    assert.match(exported.stderr, /^\*\*\* Shard 0: what became of its rows is not known: its journal is not there$/m);
    assert.match(exported.stderr, /^\*\*\* Shard 3: what became of its rows is not known: /m);
    assert.equal(exported.stdout.match(/,pending/g)?.length, 7);
    const verified = await run(cwd, 'verify', 'd');
    assert.equal(verified.status, 1);
    assert.match(verified.stdout, /^\*\*\* Shard 0: what it has stored is not known: its journal is not there$/m);
    const repaired = await run(cwd, 'verify', 'd', '--repair');
    assert.equal(repaired.status, 0, repaired.stderr + repaired.stdout);
    assert.ok(!requested.includes('/c.txt'));
    assert.equal((await run(cwd, 'verify', 'd')).status, 0);
    assert.equal((await run(cwd, 'export', 'd', '--format', 'csv')).status, 0);
  });

  test('status --watch goes on until the plan is done, and then tells what status tells', async (t) => {
    const { cwd } = await planned(t, [0, 1, 2]);
    const watching = run(cwd, 'status', 'd', '--watch');
    // One process runs one command line after the other, so another one has to work off what is left.
    await sluice(['work', 'd', '-q'], { cwd });
    const { status, stdout } = await watching;
    assert.equal(status, 1);
    assert.match(stdout, /^A plan of 12 rows: 4 of 4 shards done\.$/m);
  });

  test('what goes with one run and not with a plan is refused, and nothing is changed', async (t) => {
    const { cwd, d } = await planned(t, [0]);
    const refused = [
      ['retry', 'd', '--report', 'r.json'],
      ['retry', 'd', '--layout', 'hashed'],
      ['retry', 'd', '--image-check', 'pixels'],
      ['export', 'd', '--format', 'img2dataset'],
    ];
    for (const args of refused) assert.equal((await run(cwd, ...args)).status, 2, args.join(' '));
    assert.ok(existsSync(join(shard(d, 0), 'done.json')));
    assert.deepEqual(requested, []);
    assert.equal((await run(cwd, 'status', '.', '--watch')).status, 2);
  });
});
