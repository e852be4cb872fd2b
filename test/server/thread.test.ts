import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { UsageError } from '../../src/errors.js';
import { isListening, serveInThread } from '../../src/server/thread.js';
import { ask } from './client.js';

const run = promisify(execFile);

/** Runs a module's text in a process of its own, which has to end by itself. */
async function runAlone(text: string): Promise<string> {
  const thread = JSON.stringify(new URL('../../src/server/thread.js', import.meta.url).href);
  const server = JSON.stringify(new URL('../../src/server/server.js', import.meta.url).href);
  const module = `import { serveInThread } from ${thread}; import { startServer } from ${server}; ${text}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', module], { timeout: 120_000 });
  return stdout;
}

test('a thread serves until it is closed, and closing twice is closing once', async () => {
  const server = await serveInThread({ seed: 5 });
  assert.equal(server.seed, 5);
  assert.equal(await isListening(server.port), true);
  assert.equal((await ask(server.port, '/flags/br/br.gif')).status, 200);
  await server.close();
  assert.equal(await isListening(server.port), false);
  await server.close();
});

test('a thread answers while this one is busy', async () => {
  const server = await serveInThread();
  const { port } = server;
  // A second thread asks, and this one waits for it without giving way to its own event loop.
  const asks = `
    const { workerData, parentPort } = require('node:worker_threads');
    const told = new Int32Array(workerData.told);
    fetch('http://localhost:' + workerData.port + '/flags/br/br.gif').then((response) => {
      Atomics.store(told, 0, response.status);
      Atomics.notify(told, 0);
    });`;
  const { Worker } = await import('node:worker_threads');
  const told = new SharedArrayBuffer(4);
  const client = new Worker(asks, { eval: true, workerData: { port, told } });
  try {
    // Lets Node start the client's thread, which this one has to be free for; then blocks.
    await new Promise((resolve) => client.once('online', resolve));
    assert.notEqual(Atomics.wait(new Int32Array(told), 0, 0, 60_000), 'timed-out');
    assert.equal(new Int32Array(told)[0], 200);
  } finally {
    await client.terminate();
    await server.close();
  }
});

test('errors of the thread arrive with class, code, message, hint and cause', async () => {
  const server = await serveInThread();
  try {
    await assert.rejects(serveInThread({ port: server.port }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.code, 'USAGE');
      assert.match(error.message, new RegExp(`^port ${server.port} is in use on `));
      assert.equal(error.hint, 'stop what listens there, or choose another');
      assert.equal((error.cause as { code?: string }).code, 'EADDRINUSE');
      return true;
    });
  } finally {
    await server.close();
  }
  await assert.rejects(serveInThread({ errorRate: 2 }), UsageError);
});

test('a process ends by itself after its thread is closed', async () => {
  const told = await runAlone(`
    const server = await serveInThread();
    await server.close();
    console.log('closed');`);
  assert.equal(told, 'closed\n');
});

test('a process ends by itself though nobody closes its thread', async () => {
  assert.equal(await runAlone(`await serveInThread(); console.log('started');`), 'started\n');
});

test('a process ends by itself after a start that failed', async () => {
  const told = await runAlone(`await serveInThread({ port: -1 }).catch((error) => console.log(error.message));`);
  assert.equal(told, 'port -1 is out of bounds\n');
});

test('a server that is closed leaves no timer of a delayed answer', async () => {
  const told = await runAlone(`
    import { subscribe } from 'node:diagnostics_channel';
    import { connect } from 'node:net';
    const server = await startServer({ delayMs: 1e9 });
    const arrived = new Promise((resolve) => subscribe('http.server.request.start', resolve));
    const client = connect({ host: 'localhost', port: server.port }).on('error', () => {});
    client.write('GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n');
    await arrived;
    await server.close();
    console.log('closed');`);
  assert.equal(told, 'closed\n');
});
