import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from '../../src/shared/recent.js';

test('a run is told against how it was so many seconds ago, at first against its start', () => {
  const recent = new Recent(10, { elapsed: 0, ended: 0 });
  const since = Array.from({ length: 60 }, (_, n) => recent.since({ elapsed: n / 2, ended: n }).elapsed);
  assert.deepEqual(
    since.slice(0, 22),
    Array.from({ length: 22 }, () => 0),
  );
  for (const [n, before] of since.entries()) {
    assert.ok(before === 0 || (n / 2 - before >= 10 && n / 2 - before < 11), `${n / 2}: ${before}`);
  }
  // Where nobody has looked for long, what lies between is all that is known.
  assert.equal(recent.since({ elapsed: 100, ended: 200 }).elapsed, 29);
});
