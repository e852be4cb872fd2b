import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { addressesOf, listen } from '../../src/server/listen.js';

const hello: RequestListener = (_request, response) => void response.end('hello');

const noIpv6 = !Object.values(networkInterfaces())
  .flat()
  .some((found) => found?.address === '::1');

async function isOpen(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('localhost stands for a loopback address, each once', async () => {
  const addresses = await addressesOf('localhost');
  assert.ok(addresses.length > 0);
  assert.equal(new Set(addresses).size, addresses.length);
  assert.ok(addresses.every((address) => address === '::1' || address.startsWith('127.')));
});

test('a host without an address is a usage error that names it', async () => {
  await assert.rejects(
    addressesOf('nowhere.invalid'),
    (error) => error instanceof UsageError && error.message.includes('nowhere.invalid'),
  );
});

test('all addresses answer on the one free port', { skip: noIpv6 }, async () => {
  const server = await listen(hello, ['127.0.0.1', '::1'], 0);
  try {
    assert.ok(server.port > 0);
    for (const host of ['127.0.0.1', '[::1]']) {
      const response = await fetch(`http://${host}:${server.port}/`);
      assert.equal(await response.text(), 'hello', host);
    }
  } finally {
    await server.close();
  }
  assert.equal(await isOpen('127.0.0.1', server.port), false);
  assert.equal(await isOpen('::1', server.port), false);
});

test('an address that the machine does not have is left out', async () => {
  const server = await listen(hello, ['192.0.2.1', '127.0.0.1'], 0);
  assert.equal(await isOpen('127.0.0.1', server.port), true);
  await server.close();
});

test('only addresses that the machine does not have is a usage error that names the port', async () => {
  await assert.rejects(
    listen(hello, ['192.0.2.1'], 8001),
    (error) => error instanceof UsageError && error.message === 'cannot listen on port 8001 of 192.0.2.1',
  );
});

test('a port in use on one address is a usage error, and frees the others again', { skip: noIpv6 }, async () => {
  const other = await listen(hello, ['::1'], 0);
  try {
    await assert.rejects(
      listen(hello, ['127.0.0.1', '::1'], other.port),
      (error) => error instanceof UsageError && error.message === `port ${other.port} is in use on ::1`,
    );
    assert.equal(await isOpen('127.0.0.1', other.port), false);
  } finally {
    await other.close();
  }
});

test('the search for a port that is free on all addresses comes to an end', async () => {
  // The second of two equal addresses never has the port free.
  await assert.rejects(listen(hello, ['127.0.0.1', '127.0.0.1'], 0), UsageError);
});

test('closing twice is closing once', async () => {
  const server = await listen(hello, ['127.0.0.1'], 0);
  await server.close();
  await server.close();
});
