import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BAD } from './kinds.js';
import { Draw } from './draw.js';
import { describe, makeUp, type Scenario } from './scenario.js';
import { argumentsFor } from './settings.js';

const ALL = { smallDisk: true, injection: true };
const MADE: readonly Scenario[] = Array.from({ length: 100 }, (_, seed) => makeUp(seed, ALL));

test('a seed makes up the same run each time, and another one makes up another', () => {
  assert.equal(describe(makeUp(7, ALL)), describe(makeUp(7, ALL)));
  assert.deepEqual(makeUp(7, ALL).settings, makeUp(7, ALL).settings);
  assert.notEqual(describe(makeUp(7, ALL)), describe(makeUp(8, ALL)));
});

test('every kind of item, of storage and of signal comes up', () => {
  const kinds = new Set(MADE.flatMap(({ items }) => items.map(({ kind }) => kind)));
  assert.deepEqual([...kinds].toSorted(), ['good', ...BAD.map(({ name }) => name)].toSorted());
  const storages = new Set(MADE.map(({ storage }) => storage.kind));
  assert.deepEqual([...storages].toSorted(), ['failing', 'plain', 'read-only', 'slow', 'small']);
  const stops = MADE.flatMap((scenario) => scenario.stops);
  assert.deepEqual([...new Set(stops.map(({ signal }) => signal))].toSorted(), ['SIGINT', 'SIGKILL', 'SIGTERM']);
  assert.ok(stops.some(({ again }) => again !== undefined));
});

test('each line of a list names an item that is there, and each item has one line of its own', () => {
  for (const { items, lines } of MADE) {
    const own = lines.flatMap((line) => (line.kind === 'item' ? [line.item] : []));
    assert.deepEqual(own, items);
    for (const [at, line] of lines.entries()) {
      if (line.kind !== 'duplicate') continue;
      assert.ok(lines.slice(0, at).some((before) => before.kind === 'item' && before.item === line.item));
    }
  }
});

test('what a machine cannot do is left out', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const { storage } = makeUp(seed, { smallDisk: false, injection: false });
    assert.ok(storage.kind === 'plain' || storage.kind === 'slow', storage.kind);
  }
});

test('arguments are given once each, but for lists', () => {
  const paths = { directory: 'd', state: 's', report: 'r', lists: ['a', 'b'] };
  for (const { settings } of MADE) {
    const names = argumentsFor(settings, paths).filter((argument) => /^--?[a-z]/.test(argument) && argument !== '-i');
    assert.equal(new Set(names).size, names.length, names.join(' '));
  }
});

test('a draw stays within its bounds and reaches them', () => {
  const draw = new Draw(1);
  const drawn = new Set(Array.from({ length: 1_000 }, () => draw.int(3, 6)));
  assert.deepEqual(drawn, new Set([3, 4, 5, 6]));
  const rows = [
    { weight: 0, name: 'never' },
    { weight: 1, name: 'seldom' },
    { weight: 9, name: 'often' },
  ];
  const counts = { never: 0, seldom: 0, often: 0 };
  for (let n = 0; n < 1_000; n += 1) counts[draw.weighted(rows).name as keyof typeof counts] += 1;
  assert.equal(counts.never, 0);
  assert.ok(counts.seldom > 50 && counts.often > 800, JSON.stringify(counts));
});
