/** The page in a real browser through a run that changes what holds it up: that its numbers are true, and what it asks for. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Snapshot } from '../../../src/page/snapshot.js';
import { findChromium, launch } from '../../helpers/chromium.js';
import { inPage, lines, marks, structure } from '../../helpers/page-probe.js';
import { scratch } from '../../helpers/scratch.js';
import { jsonOf, watched } from '../../helpers/watched-run.js';

const SLOW = new URL('../../helpers/slow-storage.js', import.meta.url).href;
/** Milliseconds after which the second half of the list is answered. */
const LATE = 300;

const executable = findChromium();
const skip = executable === undefined && 'no Chromium on this machine: install it, or name it in CHROMIUM';

describe('the page of a run in a browser', { timeout: 600_000 }, () => {
  test(
    'shows what /summary.json has, tells storage from server, asks for nothing elsewhere, and says when it is over',
    { skip },
    async (t) => {
      const server = createServer(({ url = '' }, answer) => {
        if (url.startsWith('/late')) setTimeout(() => answer.end(url), LATE);
        else answer.end(url);
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      t.after(() => {
        server.closeAllConnections();
        server.close();
      });
      const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const cwd = scratch(t);
      const urls = [
        ...Array.from({ length: 250 }, (_, n) => `${at}/${n}`),
        ...Array.from({ length: 400 }, (_, n) => `${at}/late/${n}`),
      ];
      writeFileSync(join(cwd, 'list'), urls.join('\n'));
      const args = ['get', '-i', 'list', '-d', 'out', '-m', '8', '--workers', '1', '--listen', '0'];
      const run = await watched(t, args, { cwd, flags: ['--import', SLOW] });

      const browser = await launch(executable as string);
      t.after(() => browser.close());
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      const noise: string[] = [];
      page.on('console', (message) => noise.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', ({ message }) => noise.push(message));
      page.on(
        'request',
        (request) => request.url().startsWith(run.url) || request.url() === 'data:,' || noise.push(request.url()),
      );
      await jsonOf(run.url);
      await page.goto(run.url);

      /** Snapshots by the time that they are of: the page shows one of them. */
      const known = new Map<string, Snapshot>();
      let compared = 0;
      const over = new AbortController();
      void run.ended.then(() => over.abort());
      while (!over.signal.aborted) {
        const snapshot = await jsonOf<Snapshot>(run.url).catch(() => undefined);
        if (snapshot === undefined) break;
        known.set(JSON.stringify(snapshot.elapsed), snapshot);
        const drawn = await inPage(page, marks);
        const of = known.get(drawn.find(({ figure }) => figure === 'elapsed')?.value ?? '');
        if (of !== undefined) {
          compared += 1;
          for (const { figure, value } of drawn) {
            if (figure === 'run.timeline.bound') continue;
            const its: unknown = figure
              .split('.')
              .reduce<unknown>((whole, key) => (whole as Record<string, unknown>)[key], of);
            assert.equal(value, JSON.stringify(its), figure);
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      assert.ok(compared > 5, `${compared} compared`);
      assert.equal(await run.ended, 0);

      await page.locator('html[data-state=ended]').waitFor({ timeout: 60_000 });
      assert.match((await page.locator('#status').textContent()) ?? '', /^The run has ended/);
      assert.match((await page.locator('#state').textContent()) ?? '', /^The run has ended, after /);
      const bounds = await page.locator('.ribbon rect').evaluateAll((rects) =>
        rects.map((rect) => {
          const { dataset } = rect as unknown as { dataset: { value: string; from: string; to: string } };
          return { bound: dataset.value, slots: Number(dataset.to) - Number(dataset.from) };
        }),
      );
      const longest = (bound: string): number =>
        bounds.reduce(
          (best, one, index) => (one.bound === bound && one.slots > (bounds[best]?.slots ?? 0) ? index : best),
          -1,
        );
      assert.ok(longest('"storage"') >= 0 && longest('"server"') > longest('"storage"'), JSON.stringify(bounds));

      for (const width of [1280, 360]) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.setViewportSize({ width, height: 900 });
          await page.emulateMedia({ colorScheme });
          const seen = await inPage(page, lines);
          assert.equal(seen.width, width);
          for (const { text, box, contrast } of seen.lines) {
            assert.ok(box.left >= 0 && box.right <= width, `${text}: ${box.left} to ${box.right}`);
            assert.ok(contrast >= 4.5, `${text}: contrast ${contrast}`);
          }
        }
      }
      const { language, unlabelled, loose } = await inPage(page, structure);
      assert.deepEqual([language, unlabelled, loose], ['en', [], 0]);
      assert.deepEqual(noise, []);
    },
  );
});
