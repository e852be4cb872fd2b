import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';

test('an option that another command takes is refused with the name of that command', async (t) => {
  const cwd = scratch(t);
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['plan', 'http://h/', '--rate=5'], "'--rate=5': sluice get, work, retry and verify take it"],
    [['plan', 'http://h/', '-m5'], "'-m5': sluice get, work, retry, verify, flags and bench take it"],
    [['plan', 'http://h/', '--queue', 'nats://h'], "'--queue': sluice work takes it"],
    [['work', '.', '-i', 'list'], "'-i': sluice get, adopt and plan take it"],
    [['work', '.', '--shard-items', '5'], "'--shard-items': sluice plan takes it"],
    [['work', '.', '--metadata', 'all.csv'], "'--metadata': sluice get, retry and verify take it"],
    [['work', '.', '--frobnicate'], "'--frobnicate'"],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr } = await warmSluice(args, { cwd });
    assert.equal(status, 2);
    assert.equal(stderr.split('\n')[0], `*** Usage error: unknown option ${message}`);
    assert.match(stderr, /^Usage: sluice (?:plan|work) /m);
  }
});
