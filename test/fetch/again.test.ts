import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Again } from '../../src/fetch/again.js';

test('values come back in the order in which their times come, and are told of', async () => {
  const told: (string | undefined)[] = [];
  const again: Again<string> = new Again(() => told.push(again.first));
  again.add('late', 60);
  again.add('soon', 5);
  assert.equal(again.size, 2);
  assert.equal(again.first, undefined);
  while (told.length < 2) await sleep(5);
  assert.deepEqual(told, ['soon', 'soon']);
  assert.equal(again.first, 'soon');
  again.dropFirst();
  assert.equal(again.first, 'late');
  again.dropFirst();
  assert.equal(again.size, 0);
});

test('what is cleared does not come back', async () => {
  const again = new Again<string>(() => assert.fail('told'));
  again.add('never', 5);
  again.clear();
  assert.equal(again.size, 0);
  await sleep(30);
  assert.equal(again.first, undefined);
});
