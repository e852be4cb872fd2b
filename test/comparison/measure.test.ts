import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { findTimer, measure } from '../../src/comparison/measure.js';
import { scratch } from '../helpers/scratch.js';

/** Uses a processor, and holds on to memory. */
const WORK = `
  const held = Buffer.alloc(100e6, 1);
  const used = () => process.cpuUsage().user + process.cpuUsage().system;
  while (used() < 2e5);
`;
const never = new AbortController().signal;
const gnuTime = findTimer();

for (const [name, timer] of [
  ['GNU time', gnuTime],
  ['the shell', undefined],
] as const) {
  describe(
    `measuring with ${name}`,
    { skip: name === 'GNU time' && timer === undefined ? 'needs GNU time' : false },
    () => {
      test("tells the command's own use of processors and memory", async (t) => {
        const cwd = scratch(t);
        const cost = await measure([process.execPath, '-e', WORK], { cwd, timer, signal: never });
        assert.equal(cost.status, 0);
        // Whole hundredths of each, of the user and of the system.
        assert.ok(cost.cpu > 0.2 - 2 * 0.01, String(cost.cpu));
        assert.ok(cost.wall > 0);
        if (timer === undefined) assert.equal(cost.peak, undefined);
        else assert.ok((cost.peak as number) > 100e6, String(cost.peak));
        assert.deepEqual(readdirSync(cwd), []);
      });

      test('tells the status of a command that fails, and the end of its complaint', async (t) => {
        const script = 'for (let n = 0; n < 1000; n += 1) console.error(n); process.exitCode = 3';
        const cost = await measure([process.execPath, '-e', script], { cwd: scratch(t), timer, signal: never });
        assert.equal(cost.status, 3);
        assert.match(cost.complaint, /\n998\n999$/);
        assert.ok(cost.complaint.length <= 300);
        assert.ok(cost.cpu > 0);
      });

      test('an abort kills the command and whatever it started, before it is told', async (t) => {
        const abort = new AbortController();
        const stopped = new Error('enough');
        const cwd = scratch(t);
        // Its connection tells when it is there, and when it is gone.
        const server = createServer().listen(0, '127.0.0.1');
        t.after(() => server.close());
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const script = `require('node:net').connect(${port}, '127.0.0.1')`;
        const measured = measure([process.execPath, '-e', script], { cwd, timer, signal: abort.signal });
        const [socket] = (await once(server, 'connection')) as [Socket];
        const closed = once(socket.on('error', () => undefined).resume(), 'close');
        abort.abort(stopped);
        await assert.rejects(measured, stopped);
        await closed;
      });
    },
  );
}

test('what is aborted already is not started', async (t) => {
  const signal = AbortSignal.abort(new Error('before'));
  await assert.rejects(measure(['/bin/false'], { cwd: scratch(t), timer: undefined, signal }), /before/);
});

test('a command sees no proxy', async (t) => {
  process.env['http_proxy'] = 'http://127.0.0.1:9';
  t.after(() => delete process.env['http_proxy']);
  const script = 'process.exitCode = process.env.http_proxy === undefined ? 0 : 4';
  const { status } = await measure([process.execPath, '-e', script], {
    cwd: scratch(t),
    timer: undefined,
    signal: never,
  });
  assert.equal(status, 0);
});
