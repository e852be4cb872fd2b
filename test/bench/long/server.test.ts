import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBodies } from '../../../src/bench/bodies.js';
import { ENCODINGS } from '../../../src/bench/report.js';
import { benchItem, type BenchServer, startBenchServer } from '../../../src/bench/server.js';
import { SluiceError, UsageError } from '../../../src/errors.js';
import { agentOf, download, serve, SETTINGS, sum } from '../../helpers/bench-client.js';

/** What a server answers to bytes as they are, in pieces, until it closes or for a while. */
async function converse(server: BenchServer, pieces: readonly string[], enough: RegExp): Promise<string> {
  const socket = connect({ port: Number(new URL(server.base).port), host: '127.0.0.1', noDelay: true });
  let answer = '';
  const done = new Promise<void>((resolve, reject) => {
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      if (enough.test(answer)) resolve();
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await sleep(5);
  }
  await done;
  socket.destroy();
  return answer;
}

function statuses(answer: string): string[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? '');
}

/** Whether a server still answers after a while. Its number says less: it is there until somebody asks how it ended. */
async function answersOn(base: string): Promise<boolean> {
  for (let look = 0; look < 3_000; look++) {
    const answers = await fetch(base).then(
      () => true,
      () => false,
    );
    if (!answers) return false;
    await sleep(20);
  }
  return true;
}

describe('the items', () => {
  test('are as many as are wanted, each with a name of its own and an extension that fits', () => {
    const indices = [0, 1, 193, 194, 999_999, 1_000_000, 99_999_999];
    const flags = indices.map((index) => benchItem('http://h', { bodies: { kind: 'flags' } }, index));
    assert.equal(new Set(flags.map(({ name }) => name)).size, indices.length);
    assert.deepEqual(flags[3], { url: 'http://h/000194.gif', name: '000194.gif' });
    assert.deepEqual(benchItem('http://h', SETTINGS, 5), { url: 'http://h/000005.bin', name: '000005.bin' });
  });
});

describe('what is served', () => {
  for (const encoding of ENCODINGS) {
    test(`is the body of each index, in the encoding ${encoding}, and is accounted for`, async (t) => {
      const settings = { ...SETTINGS, encoding, bodies: { kind: 'range', least: 1, most: 20_000 } } as const;
      const server = await serve(t, settings);
      const bodyOf = await makeBodies(settings);
      const got = await download(server, settings, 60, agentOf(t, 8));
      for (const [index, { status, body, headers }] of got.entries()) {
        const item = benchItem(server.base, settings, index);
        const expected = bodyOf(`/${item.name}`)?.whole();
        assert.equal(status, 200);
        assert.ok(expected !== undefined && body.equals(expected), `${item.name}: ${body.length} bytes`);
        assert.equal(headers['content-encoding'], encoding === 'identity' ? undefined : encoding);
        assert.equal(headers['content-type'], 'application/octet-stream');
      }
      const { requests, answered, failed, bytes, cpu, elapsed, busy } = await server.take();
      assert.deepEqual(
        { requests, answered, failed, bytes },
        { requests: 60, answered: 60, failed: 0, bytes: sum(got.map(({ body }) => body.length)) },
      );
      assert.ok(cpu > 0 && elapsed > 0 && busy > 0 && busy <= 1, JSON.stringify({ cpu, elapsed, busy }));
      assert.ok(cpu < 4 * elapsed, `${cpu} s in ${elapsed} s`);
      // The first account ended where it was asked for.
      const second = await server.take();
      assert.deepEqual([second.requests, second.answered, second.bytes], [0, 0, 0]);
    });
  }

  test('are flags that a browser takes for GIFs, decoded by fetch', async (t) => {
    const server = await serve(t, { bodies: { kind: 'flags' }, encoding: 'br' });
    const response = await fetch(benchItem(server.base, { bodies: { kind: 'flags' } }, 200).url);
    assert.equal(response.headers.get('content-type'), 'image/gif');
    assert.equal(Buffer.from(await response.arrayBuffer()).toString('latin1', 0, 6), 'GIF89a');
  });

  test('may be longer than what is held of it', async (t) => {
    const bodies = { kind: 'fixed', size: 20_000_001 } as const;
    const server = await serve(t, { bodies });
    const [got] = await download(server, { bodies }, 1, agentOf(t, 1));
    const bodyOf = await makeBodies({ ...SETTINGS, bodies });
    assert.ok(got?.body.equals(bodyOf('/000000.bin')?.whole() ?? Buffer.alloc(0)));
    assert.equal((await server.take()).bytes, 20_000_001);
  });

  test('is not accounted for when the client leaves in the middle', async (t) => {
    const bodies = { kind: 'fixed', size: 20_000_001 } as const;
    const server = await serve(t, { bodies });
    await converse(server, ['GET /000000.bin HTTP/1.1\r\nHost: a\r\n\r\n'], /\r\n\r\n./s);
    await sleep(50);
    const { requests, answered, bytes } = await server.take();
    assert.deepEqual({ requests, answered, bytes }, { requests: 1, answered: 0, bytes: 0 });
  });
});

describe('HTTP', () => {
  let server: BenchServer;
  before(async () => {
    server = await startBenchServer({ ...SETTINGS, latency: 1 });
  });
  after(() => server.stop());

  test('requests come in any pieces, several at once, and are answered in order', async () => {
    const request = 'GET /000001.bin?x=1 HTTP/1.1\r\nHost: a\r\n\r\n';
    const bytewise = request.split('');
    assert.deepEqual(statuses(await converse(server, bytewise, /\r\n\r\n./s)), ['200']);
    const many = ['GET /x HTTP/1.1\r\nHost: a\r\n\r\n', request, 'PUT / HTTP/1.1\r\nHost: a\r\n\r\n', request];
    const answer = await converse(server, [`${many.join('')}GET / HT`, 'TP/1.0\r\n\r\n'], /$^/);
    assert.deepEqual(statuses(answer), ['404', '200', '405', '200', '404']);
  });

  test('more requests at once than are read wait for their turn', async () => {
    const request = `GET /000001.bin HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2000)}\r\n\r\n`;
    const last = 'GET /000001.bin HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n';
    assert.equal(statuses(await converse(server, [request.repeat(200) + last], /$^/)).length, 201);
  });

  test('a HEAD has the head of the GET, and no body', async () => {
    const [head, body] = await Promise.all(
      ['HEAD', 'GET'].map((method) =>
        converse(server, [`${method} /000001.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`], /$^/),
      ),
    );
    assert.ok(head !== undefined && body !== undefined && body.startsWith(head));
    assert.match(head, /\r\ncontent-length: 4000\r\n\r\n$/);
    assert.equal(body.length, head.length + 4000);
  });

  test('a connection is kept, unless the client wants it closed or speaks HTTP/1.0', async () => {
    for (const end of ['HTTP/1.0\r\n\r\n', 'HTTP/1.1\r\nHost: a\r\nCONNECTION: foo, Close\r\n\r\n']) {
      const kept = 'GET http://a/000001.bin HTTP/1.1\r\nHost: a\r\nX-Connection: close\r\n\r\n';
      const answer = await converse(server, [kept, `GET /000001.bin ${end}`, kept], /$^/);
      assert.deepEqual(statuses(answer), ['200', '200']);
    }
  });

  const BAD = [
    'what\r\n\r\n',
    '\r\n\r\n',
    'GET /000001.bin HTTP/2.0\r\n\r\n',
    'GET 000001.bin HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /000001.bin HTTP/1.1\r\nHost : a\r\n\r\n',
    'GET /000001.bin HTTP/1.1\nHost: a\n\r\n\r\n',
    'GET /000001.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET',
    'GET /000001.bin HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    `GET /${'a'.repeat(70_000)}`,
  ];
  test('a bad request is a 400, and the end of its connection only', async () => {
    for (const bad of BAD) {
      const answer = await converse(server, [bad, 'GET /000001.bin HTTP/1.1\r\nHost: a\r\n\r\n'], /$^/);
      assert.deepEqual(statuses(answer), ['400'], bad.slice(0, 70));
      assert.match(answer, /\r\nConnection: close\r\n/);
    }
  });
});

describe('what was asked for', () => {
  test('error rate: as many failures as asked, by the seed', async (t) => {
    const settings = { errorRate: 0.3, bodies: { kind: 'fixed', size: 10 } } as const;
    const run = async (seed: number): Promise<number[]> => {
      const server = await serve(t, { ...settings, seed });
      const found = (await download(server, settings, 300, agentOf(t, 1))).map(({ status }) => status);
      const [ok, unavailable, reset] = [200, 503, 0].map((wanted) => found.filter((one) => one === wanted).length);
      assert.equal(sum([ok, unavailable, reset].map(Number)), 300);
      const { requests, answered, failed, bytes } = await server.take();
      assert.deepEqual(
        { requests, answered, failed, bytes },
        { requests: 300, answered: ok, failed: 300 - Number(ok), bytes: 10 * Number(ok) },
      );
      // Within four standard deviations.
      assert.ok(failed > 58 && failed < 122, String(failed));
      assert.ok(Number(reset) > failed / 4 && Number(unavailable) > failed / 4, `${reset} and ${unavailable}`);
      return found;
    };
    const runs = await Promise.all([run(1), run(1), run(2)]);
    assert.deepEqual(runs[0], runs[1]);
    assert.notDeepEqual(runs[0], runs[2]);
  });

  test('settings out of bounds are refused before anything is started', async () => {
    await assert.rejects(startBenchServer({ ...SETTINGS, latency: -1 }), UsageError);
  });
});

describe('the process', () => {
  test('is gone when it was stopped, also twice', async () => {
    const server = await startBenchServer(SETTINGS);
    process.kill(server.pid, 0);
    await Promise.all([server.stop(), server.stop()]);
    assert.equal(server.lost.aborted, false);
    assert.throws(() => process.kill(server.pid, 0));
    await assert.rejects(fetch(`${server.base}/000001.bin`));
    await server.stop();
    await assert.rejects(server.take(), SluiceError);
  });

  test('lets signals of the terminal pass', async (t) => {
    const server = await serve(t);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(server.pid, signal);
    await download(server, {}, 3, agentOf(t, 1));
    const accounts = await Promise.all([server.take(), server.take()]);
    assert.deepEqual(
      accounts.map(({ answered }) => answered),
      [3, 0],
    );
  });

  test('that dies is told of to whoever waits, and to whoever stops it', async (t) => {
    const server = await serve(t);
    process.kill(server.pid, 'SIGSTOP');
    const waiting = server.take();
    process.kill(server.pid, 'SIGKILL');
    const isLost = (error: unknown): boolean =>
      error instanceof SluiceError && error.code === 'WORKER_LOST' && error.message.includes('SIGKILL');
    await assert.rejects(waiting, isLost);
    assert.ok(server.lost.aborted && isLost(server.lost.reason));
    await assert.rejects(server.take(), isLost);
    await assert.rejects(server.stop(), isLost);
  });

  test('that hangs is stopped all the same', async () => {
    const server = await startBenchServer(SETTINGS);
    process.kill(server.pid, 'SIGSTOP');
    await server.stop();
    assert.throws(() => process.kill(server.pid, 0));
  });

  test('ends when its parent is killed', async () => {
    const source = `
      import { startBenchServer } from ${JSON.stringify(new URL('../../../src/bench/server.js', import.meta.url).href)};
      console.log((await startBenchServer(${JSON.stringify(SETTINGS)})).base);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [base] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
    assert.equal((await fetch(base)).status, 404);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    assert.equal(await answersOn(base), false);
  });
});
