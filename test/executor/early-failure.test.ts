/** A storage that fails before the body is whole, seen from the run: the fetch has to end with it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { download, FetchError } from '../../src/index.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';
import { until } from '../helpers/signals.js';

const PIECE = Buffer.alloc(1 << 16, 'x');

for (const executor of ['pool', 'inline', 'libuv', 'threads'] as const) {
  test(`${executor}: a body that the store refuses in the middle is fetched no further, and its slot is free again`, async (t) => {
    const ended: string[] = [];
    const server = createServer((request, response) => {
      const url = request.url as string;
      if (url.startsWith('/small')) {
        response.end(url);
        return;
      }
      // Endless: only the other side can end it.
      const send = (): void => {
        while (!response.destroyed && response.write(PIECE));
      };
      response.on('drain', send).on('close', () => ended.push(url));
      send();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const directory = join(scratch(t), 'd');

    const urls = ['/endless-1', '/small-1', '/endless-2', '/small-2', '/endless-3', '/small-3'].map(
      (path) => base + path,
    );
    const outcomes = new Map<string, string>();
    for await (const outcome of download(urls, {
      directory,
      executor,
      maxBodySize: '2MiB',
      maxRequests: 2,
      tries: 1,
    })) {
      const { url } = outcome;
      assert.ok(!outcomes.has(url), `told twice of ${url}`);
      outcomes.set(
        url,
        'error' in outcome && outcome.error instanceof FetchError ? outcome.error.code : outcome.status,
      );
    }

    assert.deepEqual(
      urls.map((url) => outcomes.get(url)),
      ['BODY_TOO_LARGE', 'ok', 'BODY_TOO_LARGE', 'ok', 'BODY_TOO_LARGE', 'ok'],
    );
    assert.deepEqual(filesBelow(directory), ['small-1', 'small-2', 'small-3']);
    await until(() => ended.length === 3);
    assert.deepEqual(ended.toSorted(), ['/endless-1', '/endless-2', '/endless-3']);
  });
}
