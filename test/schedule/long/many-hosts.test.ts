/** Thousands of servers, of which some never answer: the others get their files as soon as if those were not there. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { resolveOptions } from '../../../src/options/resolve.js';
import { Download } from '../../../src/pipeline/download.js';
import { startManyHosts } from '../../helpers/many-hosts.js';
import { scratch } from '../../helpers/scratch.js';
import { brief } from '../../helpers/thorough.js';

const HOSTS = brief ? 4_000 : 10_000;
const REQUESTS = 64;
/** As many times as long as without the others. */
const MOST = 1.1;

interface Measured {
  /** Milliseconds until the last file of a sound server was stored. */
  readonly time: number;
  /** MB, and open files, at the most. */
  readonly memory: number;
  readonly files: number;
}

/** @param sound those of the URLs that can be had: when they are there, it is over */
async function measure(
  t: TestContext,
  urls: readonly string[],
  sound: ReadonlySet<string>,
  timeout: number,
): Promise<Measured> {
  const options = resolveOptions({ directory: scratch(t), maxRequests: REQUESTS, layout: 'hashed', timeout });
  const started = performance.now();
  let [left, memory, files, running] = [sound.size, 0, 0, 0];
  const download = new Download([{ kind: 'urls', urls, label: 'urls' }], options);
  const timer = setInterval(() => {
    memory = Math.max(memory, process.memoryUsage.rss() / 1e6);
    files = Math.max(files, readdirSync('/proc/self/fd').length);
    running = Math.max(running, download.summary.running);
  }, 50);
  try {
    for await (const { status, url } of download) {
      if (!sound.has(url)) continue;
      assert.equal(status, 'ok', url);
      left -= 1;
      if (left === 0) break;
    }
    assert.ok(running <= REQUESTS, `${running} requests at once`);
    return { time: performance.now() - started, memory, files };
  } finally {
    clearInterval(timer);
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;
}

for (const timeout of [60, 2]) {
  test(`servers that hang, refuse or reset hold up no others, with --timeout ${timeout}`, async (t) => {
    await using hosts = await startManyHosts({ hosts: HOSTS, delay: 50 });
    const sound = new Set(hosts.sound);
    // Its code is warm then.
    await measure(t, hosts.sound.slice(0, 2_000), new Set(hosts.sound.slice(0, 2_000)), timeout);
    const ratios: number[] = [];
    // What else this machine does slows down one of them as likely as the other: where that is much, it takes more rounds.
    for (let round = 0; round < 3 || (round < 9 && medianOf(ratios) > MOST); round += 1) {
      const alone = await measure(t, hosts.sound, sound, timeout);
      const mixed = await measure(t, hosts.all, sound, timeout);
      ratios.push(mixed.time / alone.time);
      const tell = ({ time, memory, files }: Measured): string =>
        `${(time / 1000).toFixed(2)} s, ${memory.toFixed(0)} MB, ${files} files`;
      t.diagnostic(`alone ${tell(alone)}; with the others ${tell(mixed)}: ${(mixed.time / alone.time).toFixed(3)}`);
      assert.ok(mixed.files < 1_500, `${mixed.files} files`);
      assert.ok(mixed.memory < alone.memory + 100, `${mixed.memory} MB`);
    }
    assert.ok(medianOf(ratios) <= MOST, ratios.join(' '));
  });
}
