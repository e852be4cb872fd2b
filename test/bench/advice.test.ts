/** What the advice tries and what it comes to, on storage of which it is known what each setting gives. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { adviceOf, findCandidate } from '../../src/bench/advice.js';
import type { Advice, Setting } from '../../src/bench/report.js';
import type { Measured, Harness } from '../../src/bench/harness.js';
import { race } from '../../src/bench/rounds.js';
import type { Contender } from '../../src/bench/strategies.js';

/** What `sluice get` does where it is not told. */
const DEFAULTS: Setting = { layout: 'flat', requests: 16, workers: 'auto' };

type Rate = (setting: Setting, contender: Contender) => number;

/** Files a second follow from the setting alone. */
function rigOf(rate: Rate): { rig: Harness; runs: Contender[] } {
  const runs: Contender[] = [];
  const measure = (contender: Contender, setting: Setting, files: number): Measured => {
    const result = { stored: files, elapsed: files / rate(setting, contender) } as Measured['result'];
    return { result, files, server: undefined, others: null };
  };
  const rig: Pick<Harness, 'run' | 'size'> = {
    run: async (contender, setting, files) => {
      runs.push(contender);
      return measure(contender, setting, files);
    },
    size: async (contender, setting, seconds) => {
      await sleep(2);
      return measure(contender, setting, Math.ceil(seconds * rate(setting, contender)));
    },
  };
  return { rig: rig as Harness, runs };
}

async function adviseOn(rate: Rate, seconds = 60): Promise<{ advice: Advice; runs: readonly Contender[] }> {
  const { rig, runs } = rigOf(rate);
  const candidate = await findCandidate(rig, DEFAULTS, seconds, 2, () => undefined);
  const { best, plain } = candidate;
  runs.length = 0;
  const raced = await race(rig, [best, { contender: 'inline', setting: plain, files: 100 }], 3, () => undefined);
  return { advice: adviceOf(candidate, raced, seconds), runs };
}

describe('the advice', () => {
  test('is the layout that gains, and what gains besides, as flags; the gain is that of the rounds', async () => {
    const { advice, runs } = await adviseOn(({ layout, requests, workers }, contender) => {
      if (contender === 'inline') return 50;
      return 100 * (layout === 'hashed' ? 8 : 1) * (requests === 64 ? 2 : 1) * (workers === 24 ? 2 : 1);
    });
    assert.deepEqual(advice.best, { layout: 'hashed', requests: 64, workers: 24 });
    assert.equal(advice.flags, '--layout hashed --max-requests 64 --workers 24');
    assert.equal(Math.round(advice.gain.median), 64);
    assert.deepEqual(runs.toSorted(), ['inline', 'inline', 'inline', 'pool', 'pool', 'pool']);
  });

  test('is nothing where nothing gains by more than chance; a loss is told as one', async () => {
    const { advice } = await adviseOn(({ layout }, contender) =>
      contender === 'inline' ? 200 : layout === 'tar' ? 105 : 100,
    );
    assert.deepEqual([advice.best, advice.flags], [DEFAULTS, '']);
    assert.equal(Math.round(10 * advice.gain.median), 5);
  });

  test('is not what only seemed faster since the machine got faster', async () => {
    // A run that is sized asks twice.
    let tries = 0;
    const { advice } = await adviseOn((_setting, contender) =>
      contender === 'inline' ? 100 : (tries += 1) <= 2 ? 50 : 100,
    );
    assert.deepEqual(advice.best, DEFAULTS);
  });

  test('tries no setting twice, and no workers where one thread writes shards', async () => {
    const { advice } = await adviseOn(({ layout }) => (layout === 'tar' ? 1000 : 100));
    assert.equal(advice.best.layout, 'tar');
    const settings = advice.tried.map(({ setting }) => JSON.stringify(setting));
    assert.equal(new Set(settings).size, settings.length);
    assert.ok(settings.length >= 5, settings.join(', '));
    assert.ok(advice.tried.every(({ setting }) => setting.layout !== 'tar' || setting.workers === 'auto'));
  });

  test('without time is what was asked for, and compared all the same', async () => {
    const { advice, runs } = await adviseOn(() => 100, 0);
    assert.deepEqual(
      advice.tried.map(({ setting }) => setting),
      [DEFAULTS],
    );
    assert.equal(runs.length, 6);
  });
});
