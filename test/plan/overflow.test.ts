import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { FingerprintSet } from '../../src/plan/fingerprints.js';
import { Overflow, type Room } from '../../src/plan/overflow.js';
import { NameRegistry } from '../../src/plan/registry.js';
import { CodeUnits } from '../../src/shared/code-units.js';
import { type Hash, murmur3 } from '../../src/shared/murmur3.js';
import { scratch } from '../helpers/scratch.js';

function roomIn(folder: string, most: number): Room {
  const whyNot = (error: unknown): Error => error as Error;
  // A filter so small that it soon says of everything that it may be there.
  return { most, overflow: (width) => new Overflow(width, { folder, filterBytes: 1024, whyNot }) };
}

function hashOf(text: string): Hash {
  const units = new CodeUnits();
  units.load(text);
  const hash = new Uint32Array(4);
  murmur3(units, hash);
  return hash;
}

describe('Overflow', () => {
  for (const bits of [64, 96] as const) {
    it(`makes a set of few fingerprints in memory answer as one that has all there (${bits} bits)`, (t) => {
      const folder = scratch(t);
      const set = new FingerprintSet(bits, roomIn(folder, 2000));
      t.after(() => set.close());
      // Some 25 files that are made one three times.
      for (let at = 0; at < 50_000; at += 1) {
        assert.equal(set.has(hashOf(`http://h/${at}`)), false);
        assert.equal(set.add(hashOf(`http://h/${at}`)), true);
        const before = hashOf(`http://h/${Math.floor(at / 3)}`);
        assert.equal(set.has(before), true);
        assert.equal(set.add(before), false);
      }
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it('has names that are given as they are without it', (t) => {
    const folder = scratch(t);
    const name = fc.constantFrom('a', 'b', 'A', 'a/b', 'b/a', 'a/b/c', 'b/A/c', 'a/b-5d5e', 'c.gif', 'C.gif', 'é');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.nat(30)), { maxLength: 80 }),
        fc.integer({ min: 1, max: 9 }),
        (all, most) => {
          const some = new NameRegistry(roomIn(folder, most));
          const whole = new NameRegistry();
          for (const [path, at] of all) {
            assert.equal(some.claimPath(path, `http://h/${at}`), whole.claimPath(path, `http://h/${at}`));
          }
          some.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('throws what was made of the error when its folder takes no file', (t) => {
    const folder = scratch(t);
    const whyNot = (error: unknown): Error => new Error('no room', { cause: error });
    const overflow = (width: 2 | 3): Overflow =>
      new Overflow(width, { folder: `${folder}/none`, filterBytes: 1024, whyNot });
    const set = new FingerprintSet(64, { most: 1, overflow });
    set.add(hashOf('a'));
    assert.throws(() => set.add(hashOf('b')), { message: 'no room' });
  });
});
