/** Runs as a page shows them. */
import type { Snapshot } from '../../src/page/snapshot.js';
import { NOTHING_DONE } from './summaries.js';

const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"\'&';

export const halfway: Snapshot = {
  ...NOTHING_DONE,
  event: 'state',
  ok: 1200,
  bent: 1,
  notFound: 3,
  errors: 40,
  skipped: 7,
  duplicates: 2,
  bytes: 123_456_789,
  waiting: 3_000_000,
  running: 16,
  total: { count: 2504, isEstimate: false },
  elapsed: 61.5,
  causes: { NET_RESET: 30, HTTP_STATUS: 10 },
  verdict: { bound: 'storage', share: 0.87, detail: '32 writers waiting on rename', advice: 'try --layout hashed' },
  run: {
    command: 'get',
    version: '0.1.0',
    directory: `/mnt/${HOSTILE}`,
    layout: 'flat',
    started: '2026-11-27T10:00:00.000Z',
    done: 1252,
    percent: 50,
    left: 61.9,
    rate: 20.2,
    recent: { rate: 25.1, bytes: 2_000_000 },
    fetched: 1290,
    writers: 32,
    charged: { storage: 53_000, server: 8_000, 'main thread': 500 },
    storage: { create: 10_000, write: 2_000, rename: 100_000 },
    timeline: {
      interval: 500,
      fetched: Array.from({ length: 123 }, (_, n) => n * 10 + 70),
      stored: Array.from({ length: 123 }, (_, n) => n * 10 - (n > 2 ? 20 : n * 10)),
      waiting: Array.from({ length: 123 }, (_, n) => (n % 9) * 400_000),
      bound: Array.from({ length: 123 }, (_, n) => (n === 0 ? null : n < 100 ? 'storage' : 'server')),
    },
    hosts: {
      slowest: [{ host: HOSTILE, items: 10, failed: 0, again: 2, answer: 400, code: null }],
      failing: [{ host: 'bad.example', items: 40, failed: 40, again: 80, answer: null, code: 'NET_RESET' }],
      isPartial: false,
    },
    failures: [
      {
        time: '2026-11-27T10:01:00.000Z',
        url: `http://h/${HOSTILE}`,
        code: 'NET_RESET',
        message: HOSTILE,
        hint: 'wait',
      },
    ],
  },
};

/** Nothing is known of it yet. */
export const begun: Snapshot = {
  ...NOTHING_DONE,
  event: 'state',
  run: {
    ...halfway.run,
    done: 0,
    percent: undefined,
    left: undefined,
    rate: 0,
    recent: { rate: 0, bytes: 0 },
    fetched: 0,
    writers: undefined,
    charged: {},
    storage: undefined,
    timeline: { interval: 500, fetched: [], stored: [], waiting: [], bound: [] },
    hosts: { slowest: [], failing: [], isPartial: false },
    failures: [],
  },
};
