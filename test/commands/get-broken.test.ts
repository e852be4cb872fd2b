/** What a user sees of servers that break the rules, through the built command. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { answer, END, type RawServer, type RawServerOptions, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';
import { inHaste } from '../helpers/thorough.js';

interface Result extends Ran {
  readonly report: {
    readonly ok: number;
    readonly unproven: number;
    readonly bent: number;
    readonly errors: number;
    readonly causes: Readonly<Record<string, number>>;
    readonly failures: readonly { readonly url: string; readonly message: string; readonly hint: string }[];
  };
  readonly files: readonly string[];
}

async function get(directory: string, ...args: readonly string[]): Promise<Result> {
  const ran = await warmSluice(['get', ...args, '-d', 'out', '--report', 'report.json'], { cwd: directory });
  const report = JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as Result['report'];
  const out = join(directory, 'out');
  return { ...ran, report, files: existsSync(out) ? readdirSync(out).filter((name) => !name.startsWith('.')) : [] };
}

async function withServer(options: RawServerOptions, run: (server: RawServer) => Promise<void>): Promise<void> {
  await using server = await startRawServer(options);
  await run(server);
}

/** `printf 'http://h/a\nhttp://h/b\n' | zstd` */
const ZSTD = Buffer.from('28b52ffd04589d000068687474703a2f2f682f610a620a01002e8a1772771d99', 'hex');

for (const executor of ['pool', 'threads']) {
  const skip = executor === 'threads' && inHaste;
  describe(`sluice get --executor ${executor} from a broken server`, { skip }, () => {
    test('stores and counts bodies that nothing proves to be whole, and refuses them with --strict', (t) =>
      withServer(
        {
          onRequest: ({ path }) => (path === '/proven' ? [answer('whole')] : ['HTTP/1.1 200 OK\r\n\r\nperhaps', END]),
        },
        async ({ origin, requests }) => {
          const urls = [`${origin}/proven`, `${origin}/a`, `${origin}/b`];
          const stored = await get(scratch(t), ...urls, '--executor', executor);
          assert.equal(stored.status, 0, stored.stderr);
          assert.match(stored.stderr, /^2 of them unproven: they ended with the connection, and may be cut\.$/m);
          assert.deepEqual([stored.report.ok, stored.report.unproven], [3, 2]);
          assert.deepEqual(stored.files, ['a', 'b', 'proven']);
          const before = requests.length;
          const refused = await get(scratch(t), ...urls, '--executor', executor, '--strict');
          assert.equal(refused.status, 1);
          assert.match(refused.stderr, /^2 errors: 2 BODY_UNPROVEN\.$/m);
          assert.deepEqual([refused.report.ok, refused.report.unproven], [1, 0]);
          assert.deepEqual(refused.files, ['proven']);
          assert.equal(requests.length - before, 3, 'tried again in vain');
        },
      ));

    test('stores and counts what comes in answers that break the rules, and refuses them with --strict', (t) =>
      withServer(
        {
          onRequest: ({ path }) => {
            if (path === '/good') return [answer('whole')];
            if (path === '/folded') return ['HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello'];
            if (path === '/interim') return ['HTTP/1.1 100 Continue\r\n\r\n', answer('later')];
            return ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlonger'];
          },
        },
        async ({ origin }) => {
          const urls = ['good', 'folded', 'interim', 'longer'].map((name) => `${origin}/${name}`);
          const cwd = scratch(t);
          const stored = await get(cwd, ...urls, '--executor', executor);
          assert.equal(stored.status, 0, stored.stderr);
          assert.match(
            stored.stderr,
            /^2 of them came in answers that break the rules of HTTP, and were read leniently\.$/m,
          );
          assert.deepEqual([stored.report.ok, stored.report.bent], [4, 2]);
          const bodies = stored.files.map((name) => readFileSync(join(cwd, 'out', name), 'latin1'));
          assert.deepEqual(bodies, ['hello', 'whole', 'later', 'long']);
          const refused = await get(scratch(t), ...urls, '--executor', executor, '--strict', '--tries', '2');
          assert.equal(refused.status, 1);
          assert.deepEqual(refused.report.causes, { HTTP_BROKEN: 1, BODY_EXCESS: 1 });
          assert.deepEqual([refused.report.ok, refused.report.bent], [2, 0]);
          assert.deepEqual(refused.files, ['good', 'interim']);
        },
      ));

    test('undoes zstd that nobody asked for, leaves what is no coding, and takes no bytes for none', (t) =>
      withServer(
        {
          onRequest: ({ path }) => {
            if (path === '/zstd') return [answer(ZSTD, 'Content-Encoding: zstd\r\n')];
            if (path === '/none') return [answer(ZSTD, 'Content-Encoding: none\r\n')];
            if (path === '/empty') return [answer('', 'Content-Encoding: gzip\r\n')];
            const head = 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n';
            return path === '/chunked' ? [`${head}0\r\n\r\n`] : [answer('x', 'Content-Encoding: compress\r\n')];
          },
        },
        async ({ origin }) => {
          const urls = ['zstd', 'none', 'empty', 'chunked', 'compress'].map((name) => `${origin}/${name}`);
          const cwd = scratch(t);
          const { report, files, stderr } = await get(cwd, ...urls, '--executor', executor, '--tries', '1');
          assert.deepEqual(report.causes, { BODY_ENCODING: 1 }, stderr);
          assert.match(stderr, /unknown content coding "compress"/);
          const stored = files.map((name) => [name, readFileSync(join(cwd, 'out', name), 'latin1')]);
          const expected = { chunked: '', empty: '', none: ZSTD.toString('latin1'), zstd: 'http://h/a\nhttp://h/b\n' };
          assert.deepEqual(Object.fromEntries(stored), expected);
          assert.deepEqual([report.ok, report.bent, report.unproven], [4, 0, 0]);
        },
      ));

    test('lets a cookie go along when a server sends a client to itself to come back with it, and forgets it', (t) =>
      withServer(
        {
          onRequest: ({ head }) =>
            /^cookie: seen=1$/im.test(head)
              ? [answer('there')]
              : [answer('', 'Location: ?back\r\nSet-Cookie: seen=1\r\n', '302 Found')],
        },
        async ({ origin, requests }) => {
          const { status, stderr, report } = await get(
            scratch(t),
            `${origin}/a`,
            `${origin}/b`,
            '--executor',
            executor,
          );
          assert.equal(status, 0, stderr);
          assert.equal(report.ok, 2);
          assert.equal(requests.length, 4);
        },
      ));

    test('tries a body again with --strict that is longer than announced, and stores none of it', (t) =>
      withServer(
        {
          onRequest: ({ path, number }) =>
            path === '/always' || number === 1
              ? ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlonger']
              : [answer('good')],
        },
        async ({ origin, requests }) => {
          const cwd = scratch(t);
          const healed = await get(cwd, `${origin}/once`, '--executor', executor, '--strict');
          assert.equal(healed.status, 0, healed.stderr);
          assert.equal(readFileSync(join(cwd, 'out', 'once'), 'latin1'), 'good');
          assert.equal(requests.length, 2);
          const args = ['--executor', executor, '--strict', '--tries', '2'];
          const broken = await get(scratch(t), `${origin}/always`, ...args);
          assert.equal(broken.status, 1);
          assert.match(broken.stderr, /\/always: the body is longer than the server said$/m);
          assert.deepEqual(broken.report.causes, { BODY_EXCESS: 1 });
          assert.deepEqual(broken.files, []);
          assert.equal(requests.length, 4);
        },
      ));

    test('obeys Retry-After for all items of the server, and others go on meanwhile', (t) => {
      let [firstOfBusy, secondOfBusy, lastOfOther] = [0, 0, 0];
      return withServer({ onRequest: () => ((lastOfOther = performance.now()), [answer('other')]) }, (other) =>
        withServer(
          {
            onRequest: ({ number }) => {
              if (number === 1) firstOfBusy = performance.now();
              if (number === 2) secondOfBusy = performance.now();
              return [number === 1 ? answer('', 'Retry-After: 3\r\n', '429 Slow') : answer('x')];
            },
          },
          async (busy) => {
            const urls = Array.from({ length: 20 }, (_, i) => `${(i % 2 === 0 ? busy : other).origin}/${i}`);
            // The first is alone on its way, so that no other request has gone out before its answer.
            const first = `${busy.origin}/first`;
            const args = [first, ...urls, '-m', '1', '--executor', executor, '--workers', '1'];
            const ended = await get(scratch(t), ...args);
            assert.equal(ended.status, 0, ended.stderr);
            assert.equal(ended.report.ok, 21);
            assert.equal(busy.requests.length, 12, 'one more than there are items');
            assert.ok(secondOfBusy - firstOfBusy >= 3_000, 'asked before the time');
            assert.ok(lastOfOther < secondOfBusy, 'the other server waited too');
          },
        ),
      );
    });

    test('asks a server for no more at once than --max-requests-per-host', (t) => {
      let running = 0;
      let most = 0;
      let come: () => void = () => undefined;
      const second = new Promise<void>((resolve) => (come = resolve));
      async function* slowly(): AsyncGenerator<Uint8Array> {
        running += 1;
        most = Math.max(most, running);
        // However slow a machine is, there are two; time for a third that should not come.
        if (running === 2) come();
        await second;
        await sleep(20);
        running -= 1;
        yield answer('x');
      }
      return withServer({ onRequest: slowly }, async ({ origin }) => {
        const urls = Array.from({ length: 12 }, (_, i) => `${origin}/${i}`);
        const ended = await get(scratch(t), ...urls, '--max-requests-per-host', '2', '--executor', executor);
        assert.equal(ended.status, 0, ended.stderr);
        assert.equal(ended.report.ok, 12);
        assert.equal(most, 2);
      });
    });

    test('gives up a body that drips, tries it again, and gives up an item whose time is over', (t) => {
      async function* dripping(): AsyncGenerator<string> {
        yield 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n';
        for (;;) {
          yield 'x';
          await sleep(20);
        }
      }
      return withServer(
        { onRequest: ({ path, number }) => (path === '/once' && number > 1 ? [answer('good')] : dripping()) },
        async ({ origin, requests }) => {
          const slow = ['--executor', executor, '--timeout', '1', '--lowest-speed', '1KB'];
          const healed = await get(scratch(t), `${origin}/once`, ...slow);
          assert.equal(healed.status, 0, healed.stderr);
          assert.equal(requests.length, 2);
          const dripped = await get(scratch(t), `${origin}/slow`, ...slow, '--tries', '1');
          assert.equal(dripped.status, 1);
          assert.match(dripped.stderr, /\/slow: the body came slower than 1000 bytes a second for 1 seconds$/m);
          const before = requests.length;
          const late = await get(scratch(t), `${origin}/late`, '--executor', executor, '--max-time', '1');
          assert.equal(late.status, 1);
          assert.match(late.stderr, /\/late: it took longer than one file may take$/m);
          assert.match(late.report.failures[0]?.hint ?? '', /--max-time/);
          assert.equal(requests.length - before, 1, 'tried again when its time was over');
          assert.deepEqual([...dripped.files, ...late.files], []);
        },
      );
    });
  });
}
