/** `sluice status --watch`: the whole fleet in one line, until its plan is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../../fleet/manifest.js';
import { survey } from '../../fleet/survey.js';
import { interruptible } from '../../terminal/interrupt.js';
import { showLine } from '../../terminal/progress.js';
import { describeFleet } from './fleet-line.js';

/** Milliseconds between two looks: workers tell of themselves every ten seconds or so. */
const INTERVAL = 2_000;

/** Ends when the plan is done, and at Ctrl-C. */
export async function watch(directory: string, plan: Manifest): Promise<void> {
  await interruptible(async ({ signal }) => {
    let line = '';
    const progress = await showLine(() => line);
    try {
      while (!signal.aborted) {
        const found = await survey(directory, plan);
        line = describeFleet(found, plan);
        const { done, failed, damaged } = found.shards;
        if (done + failed + damaged === plan.shards.length) return;
        // An interruption ends the wait, and is no error: what is known is told, whenever one stops watching.
        await sleep(INTERVAL, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      progress.stop();
    }
  });
}
