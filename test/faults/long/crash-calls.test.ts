/**
 * Runs of 12 files that are killed at one system call after the other, until one comes to its end before it has made so
 * many. `SLUICE_EVERY_CALL=1` tries every one of the calls that Node itself makes often, too.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Corpus, serveCorpus } from '../../helpers/corpus.js';
import { crashAt, type SystemCall } from '../../helpers/crash.js';
import { noAttaching } from '../../helpers/faults.js';
import { scratch } from '../../helpers/scratch.js';

/** Calls that Node makes by itself besides: to read its modules, and to wake its threads. */
const OFTEN: ReadonlySet<string> = new Set(['openat', 'write', 'close']);
const step = process.env['SLUICE_EVERY_CALL'] === '1' ? 1 : 5;
/** Calls, and how many of each there are at least. */
const CALLS: Readonly<Record<SystemCall['since'], Readonly<Record<string, number>>>> = {
  start: { mkdir: 2, unlink: 1, ftruncate: 1, pwrite64: 2, rename: 1, fdatasync: 2, fsync: 1 },
  requests: { openat: 1, write: 1, close: 1 },
};

describe(
  'after a kill at any system call nothing is torn, missing, twice or fetched again',
  { skip: noAttaching },
  () => {
    for (const layout of ['flat', 'tar'] as const) {
      for (const since of ['start', 'requests'] as const) {
        for (const [call, least] of Object.entries(CALLS[since])) {
          test(`${layout}: ${call} since the ${since}`, { timeout: 900_000 }, async (t) => {
            const corpus = new Corpus(12);
            await using server = await serveCorpus(corpus);
            const args = ['--workers', '1', ...(call.endsWith('sync') ? ['--durable'] : [])];
            let kills = 0;
            for (let count = 1; ; count += OFTEN.has(call) ? step : 1) {
              const settings = { layout, corpus, folder: scratch(t), kills: 1, seed: count, args };
              if ((await crashAt(settings, server, { by: 'call', call, count, since })) === undefined) break;
              kills += 1;
            }
            t.diagnostic(`${kills} kills`);
            assert.ok(kills >= least);
          });
        }
      }
    }
  },
);
