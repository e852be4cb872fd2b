import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noise } from './helpers/bodies.js';
import { sluice } from './helpers/cli.js';
import { startRawServer } from './helpers/raw-server.js';
import { scratch } from './helpers/scratch.js';

test('a clock that jumps by days, back and forth, neither holds up a run nor makes it haste', async (t) => {
  const cwd = scratch(t);
  const asked = new Map<string, number>();
  await using server = await startRawServer({
    onRequest: ({ path }) => {
      const times = (asked.get(path) ?? 0) + 1;
      asked.set(path, times);
      const body = noise(500, Number(path.slice(1)));
      // Some items wait once. Not until a date, which by such a clock is days away: that wait is as long as any may be.
      const again = path === '/10' ? 'Retry-After: 1\r\n' : '';
      return times === 1 && path.endsWith('0')
        ? [`HTTP/1.1 503 Busy\r\n${again}Content-Length: 0\r\n\r\n`]
        : [`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`, body];
    },
  });
  writeFileSync(join(cwd, 'list'), Array.from({ length: 40 }, (_, n) => `${server.origin}/${n}\n`).join(''));
  const flags = ['--import', new URL('helpers/clock.js', import.meta.url).href];
  const { status, stderr } = await sluice(['get', '-i', 'list', '-d', 'out', '-m', '8'], { cwd, flags });
  assert.equal(status, 0, stderr);
  for (const [path, times] of asked) {
    assert.equal(times, path.endsWith('0') ? 2 : 1, path);
    assert.ok(readFileSync(join(cwd, 'out', path.slice(1))).equals(noise(500, Number(path.slice(1)))));
  }
  assert.equal(asked.size, 40);
});
