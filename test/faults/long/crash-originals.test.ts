/** Runs with `--keep-original` that are killed: what has its final name has its original beside it, and both are whole. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { mulberry32 } from '../../../src/server/random.js';
import { noise } from '../../helpers/bodies.js';
import { signalTo, sluice } from '../../helpers/cli.js';
import { entriesBelow, filesBelow } from '../../helpers/folders.js';
import { scratch } from '../../helpers/scratch.js';
import { membersOf } from '../../helpers/tars.js';

const COUNT = 60;
const KILLS = 8;
/** Answers after the moment at which a run is to be killed, at the most. */
const SOME = 8;
const [WIDTH, HEIGHT] = [90, 70];
const posix = process.platform === 'win32' && 'Windows has no kill -9';

describe('after a kill, with --keep-original', { skip: posix }, () => {
  for (const layout of ['flat', 'hashed', 'tar'] as const) {
    test(`nothing is there without its original, ${layout}`, { timeout: 600_000 }, async (t) => {
      const cwd = scratch(t);
      const random = mulberry32(17);
      const bodies = new Map<string, Buffer>();
      for (let at = 0; at < COUNT; at += 1) {
        const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
        bodies.set(
          `f${at}.png`,
          await sharp(noise(WIDTH * HEIGHT * 3, at), { raw })
            .png()
            .toBuffer(),
        );
      }
      /** Tells whether it is to be answered. */
      let onRequest = (): boolean => true;
      const server = createServer((request, response) => {
        if (onRequest()) response.end(bodies.get((request.url as string).slice(1)));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => {
        server.closeAllConnections();
        server.close();
      });
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const input = [...bodies.keys()].map((name) => `${origin}/${name}`).join('\n');
      const how = ['--layout', layout, '--resize', '32', '--keep-original'];
      const args = ['get', '-i', '-', '-d', 'd', '-q', '-m', '4', ...how];
      const made = new Map<string, string>();
      const lookIn = layout === 'tar' ? lookInShards : lookInFiles;
      const look = (): number => lookIn(join(cwd, 'd'), bodies, made);
      let kills = 0;
      for (let status: number | null = null; status === null && kills < KILLS; kills += status === null ? 1 : 0) {
        let left = 1 + Math.floor(random() * 12);
        const wait = Math.floor(random() * 40);
        const kill = new AbortController();
        const onStart = (pid: number): void => {
          onRequest = () => {
            left -= 1;
            if (left === 0) void sleep(wait).then(() => kill.signal.aborted || signalTo(pid, 'SIGKILL'));
            // No more, however fast the machine is: there is something left for the next one to be killed at.
            return left > -SOME;
          };
        };
        ({ status } = await sluice(args, { cwd, input, onStart }));
        kill.abort();
        look();
      }
      onRequest = () => true;
      const { status, stderr } = await sluice(args, { cwd, input });
      assert.equal(status, 0, stderr);
      assert.equal(look(), COUNT);
      assert.equal((await sluice(['verify', 'd'], { cwd })).status, 0);
      const unfinished = entriesBelow(join(cwd, 'd')).filter(
        ({ name }) => name.startsWith('.sluice-') || name.endsWith('.part'),
      );
      assert.deepEqual(unfinished, []);
      t.diagnostic(`${kills} kills`);
      assert.ok(kills > 2);
    });
  }
});

/** @returns how many are there */
function lookInFiles(directory: string, bodies: ReadonlyMap<string, Buffer>, made: Map<string, string>): number {
  if (!existsSync(directory)) return 0;
  const names = filesBelow(directory).filter((name) => !name.startsWith('.'));
  for (const path of names) {
    const name = path.split('/').at(-1) as string;
    if (name.startsWith('.')) continue;
    assertSame(made, name, readFileSync(join(directory, path)));
    assert.ok(readFileSync(join(directory, '.originals', path)).equals(bodies.get(name) as Buffer), name);
  }
  return names.length;
}

function lookInShards(directory: string, bodies: ReadonlyMap<string, Buffer>, made: Map<string, string>): number {
  if (!existsSync(directory)) return 0;
  let count = 0;
  for (const shard of filesBelow(directory).filter((name) => /^\d+\.tar$/.test(name))) {
    const members = membersOf(readFileSync(join(directory, shard)));
    for (const [member, body] of members) {
      const [, key] = /^(\d+)\.png$/.exec(member) ?? [];
      if (key === undefined) continue;
      count += 1;
      const { name } = JSON.parse(String(members.get(`${key}.json`))) as { name: string };
      assertSame(made, name, body);
      assert.ok(members.get(`${key}.original.png`)?.equals(bodies.get(name) as Buffer), name);
    }
  }
  return count;
}

/** The same image is made each time. */
function assertSame(made: Map<string, string>, name: string, bytes: Buffer): void {
  const hash = createHash('sha256').update(bytes).digest('hex');
  assert.equal(made.get(name) ?? hash, hash, `${name} is torn`);
  made.set(name, hash);
}
