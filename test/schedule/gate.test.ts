import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gate } from '../../src/schedule/gate.js';
import { Rate } from '../../src/schedule/rate.js';

describe('Gate', () => {
  it('is open as often as its rate allows, and tells once when it is open again', async () => {
    let now = 0;
    let told = 0;
    const gate = new Gate(
      [new Rate(100)],
      () => now,
      () => (told += 1),
    );
    assert.ok(gate.isOpen);
    gate.begun();
    for (let n = 0; n < 100; n += 1) assert.ok(!gate.isOpen);
    assert.equal(gate.heldBy, '--rate');
    now = 10;
    await sleep(40);
    assert.equal(told, 1);
    assert.ok(gate.isOpen);
    assert.equal(gate.heldBy, undefined);
    await sleep(40);
    assert.equal(told, 1, 'nobody was refused since');
  });

  it('is held by the bound that takes longest, and opens sooner where that turns out to be shorter', async () => {
    let pause = 60_000;
    let told = 0;
    const gate = new Gate(
      [
        { option: '--a', pause: () => 5 },
        { option: '--b', pause: () => pause },
      ],
      () => 0,
      () => (told += 1),
    );
    assert.ok(!gate.isOpen);
    assert.equal(gate.heldBy, '--b');
    pause = 1;
    assert.ok(!gate.isOpen);
    assert.equal(gate.heldBy, '--a');
    await sleep(40);
    assert.equal(told, 1);
  });

  it('wakes nobody after it was cleared', async () => {
    const gate = new Gate(
      [{ option: '--a', pause: () => 5 }],
      () => 0,
      () => assert.fail('told'),
    );
    assert.ok(!gate.isOpen);
    gate.clear();
    await sleep(30);
  });
});
