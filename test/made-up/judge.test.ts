/** The judge of made-up runs: silent about a run that is sound, and not about one that is not, for each of its rules. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { answer } from '../helpers/raw-server.js';
import type { Character, Fate } from './kinds/kind.js';
import type { Ended } from './child.js';
import { judge, RULES } from './judge.js';
import { FOREIGN } from './judge/items.js';
import type { Known, Observed, ObservedRun, Remains, Report } from './observed.js';
import type { Logged } from './origins.js';
import type { MadeItem, Scenario } from './scenario.js';
import { drawSettings, type Settings } from './settings.js';
import { Draw } from './draw.js';

const SETTINGS: Settings = {
  ...drawSettings(new Draw(1)),
  executor: 'pool',
  layout: 'flat',
  maxRequests: 2,
  maxRequestsPerHost: undefined,
  memory: '8MiB',
  workers: 1,
  tries: 1,
  maxTime: undefined,
  strict: false,
  journal: true,
  imageCheck: 'none',
  overwrite: false,
  verbose: false,
};

function character(body: string | undefined, ...fates: Fate[]): Character {
  const bodies = body === undefined ? [] : [Buffer.from(body)];
  return { label: fates.join(), bodies, script: () => [answer(body ?? '')], fates: () => fates };
}

function item(name: string, made: Character, taken = false): MadeItem {
  return { name, origin: 0, kind: 'made', character: made, taken };
}

const GOOD = item('good', character('the body', 'ok'));
const CUT = item('cut', character('may be cut', 'unproven'));
const GONE = item('gone', character(undefined, 'not_found'));
const TAKEN = item('taken', character('mine', 'ok'), true);
const ITEMS = [GOOD, CUT, GONE, TAKEN];

const SCENARIO: Scenario = {
  seed: 0,
  settings: SETTINGS,
  origins: 1,
  items: ITEMS,
  lines: [
    ...ITEMS.map((made) => ({ kind: 'item', item: made, suffix: '' }) as const),
    { kind: 'duplicate', item: GOOD, suffix: '' },
    { kind: 'wrong', text: 'foo' },
    { kind: 'blank', text: '#' },
  ],
  storage: { kind: 'plain' },
  stops: [],
  onceMore: true,
};

const SUMMARY = `2 files downloaded, 18 B in 0.10s.
1 of them unproven: they ended with the connection, and may be cut.
1 duplicate left out.
1 not found.
2 errors: 1 STORE_EXISTS, 1 LIST_LINE.
`;

const ENDED: Ended = {
  status: 1,
  signal: undefined,
  stdout: '',
  stderr: SUMMARY,
  late: false,
  sent: [],
  peakMemory: 100 << 20,
  openFiles: 40,
  threads: 76,
  leftBehind: false,
  stall: 5,
};

const REPORT: Report = {
  ok: 2,
  unproven: 1,
  notFound: 1,
  errors: 2,
  skipped: 0,
  duplicates: 1,
  bytes: 18,
  causes: { STORE_EXISTS: 1, LIST_LINE: 1 },
  failures: [
    { index: 2, url: 'gone', status: 'not_found', code: 'HTTP_STATUS' },
    { index: 3, url: 'taken', status: 'error', code: 'STORE_EXISTS' },
    { index: 5, url: 'foo', status: 'error', code: 'LIST_LINE' },
  ],
};

const KNOWN: Known = {
  stored: 2,
  unproven: 1,
  bytes: 18,
  notFound: 1,
  errors: 0,
  unfinished: 0,
  causes: {},
  run: { complete: true },
  running: false,
};

function print(body: string, unproven = false) {
  return { size: body.length, crc32: crc32(body), unproven };
}

const REMAINS: Remains = {
  bodies: new Map([
    ['good', Buffer.from('the body')],
    ['cut', Buffer.from('may be cut')],
    ['taken', FOREIGN],
  ]),
  others: [],
  broken: [],
  stored: new Map([
    ['good', print('the body')],
    ['cut', print('may be cut', true)],
  ]),
  end: { complete: true, ended: 'now' },
};

function request(name: string, begun: number, changes: Partial<Logged> = {}): Logged {
  return { origin: 0, name, begun, ended: begun + 1, left: false, ...changes };
}

const RUN: ObservedRun = {
  stop: undefined,
  storageApplies: true,
  ended: ENDED,
  report: REPORT,
  known: KNOWN,
  knownStatus: 1,
  remains: REMAINS,
  log: [request('good', 0), request('cut', 2), request('gone', 4)],
  askedBefore: new Map(),
  temporary: [],
  outside: undefined,
};

/** The same once more: only what failed is asked for. */
const AGAIN: ObservedRun = {
  ...RUN,
  ended: {
    ...ENDED,
    stderr: SUMMARY.replace('2 files downloaded, 18 B', '0 files downloaded, 0 B').replace(
      /^1 of them.*$/m,
      '2 files of an earlier run are there.',
    ),
  },
  report: { ...REPORT, ok: 0, unproven: 0, skipped: 2, bytes: 0 },
  log: [request('gone', 0)],
  askedBefore: new Map(ITEMS.slice(0, 3).map(({ name }) => [name, 1])),
};

const SOUND: Observed = { scenario: SCENARIO, runs: [RUN, AGAIN] };

/** The first run alone, with something else about it. */
function changed(changes: Partial<ObservedRun>, settings: Partial<Settings> = {}): Observed {
  return { scenario: { ...SCENARIO, settings: { ...SETTINGS, ...settings } }, runs: [{ ...RUN, ...changes }] };
}

function ended(changes: Partial<Ended>): Observed {
  return changed({ ended: { ...ENDED, ...changes } });
}

function reported(changes: Partial<Report>): Observed {
  return changed({ report: { ...REPORT, ...changes } });
}

function remaining(changes: Partial<Remains>): Observed {
  return changed({ remains: { ...REMAINS, ...changes } });
}

function without<T>(map: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> {
  return new Map([...map].filter(([key]) => key !== name));
}

const [NOT_FOUND, EXISTS, REFUSED] = REPORT.failures as [
  Report['failures'][0],
  Report['failures'][0],
  Report['failures'][0],
];
const ONLY_GOOD: Scenario = { ...SCENARIO, items: [GOOD], lines: [{ kind: 'item', item: GOOD, suffix: '' }] };

/** What is wrong, by the rule that has to find it. */
const WRONG: Readonly<Record<string, Readonly<Record<string, Observed>>>> = {
  endsInTime: { 'a run that does not end': ended({ late: true, status: undefined, signal: 'SIGKILL' }) },
  endsWithItsStatus: {
    'status 0 with failures': ended({ status: 0 }),
    'status 1 without any': changed({ report: { ...REPORT, notFound: 0, errors: 0 } }),
    'a status that nothing explains': ended({ status: 70 }),
    'storage that stops a run on a sound disk': ended({ status: 3 }),
    'a signal that nobody sent': ended({ status: undefined, signal: 'SIGKILL' }),
    'a signal that is answered with the status of another': ended({ status: 143, sent: ['SIGINT'] }),
  },
  saysNoFault: {
    'a fault of the program': ended({ stderr: `${SUMMARY}*** This is a fault of sluice; please report it\n` }),
    'a warning of Node': ended({ stderr: `(node:123) MaxListenersExceededWarning: Possible leak\n${SUMMARY}` }),
    'a stack trace': ended({ stderr: `    at Download.of (file:///under-way.js:10:11)\n${SUMMARY}` }),
  },
  saysWhatStopsIt: { 'status 3 and no message': ended({ status: 3, stderr: '' }) },
  staysWithinMemory: { 'too much': ended({ peakMemory: 300 << 20 }) },
  staysWithinFiles: { 'too many': ended({ openFiles: 200 }) },
  leavesNothingBehind: {
    'a process': ended({ leftBehind: true }),
    'a file elsewhere': changed({ outside: 'something outside the destination was touched' }),
    'a temporary folder': changed({ temporary: ['sluice-x'] }),
    'an unfinished file': remaining({ others: ['.sluice/unfinished-1/1-0/1'] }),
    'what is kept of a body that broke off, after a whole run': remaining({
      others: ['.sluice/partial', `.sluice/partial/${'0'.repeat(24)}`],
    }),
    'a file that no item has': remaining({ others: ['other'] }),
  },
  tellsOfItself: {
    'no report': changed({ report: undefined }),
    'no summary': ended({ stderr: '' }),
    'a summary that says something else': ended({ stderr: SUMMARY.replace('1 not found', '2 not found') }),
  },
  accountsForEachLine: {
    'an item that is missing': reported({ ok: 1 }),
    'one that is counted twice': reported({ ok: 3 }),
    'a duplicate that is taken for something else': reported({ duplicates: 0, skipped: 1 }),
    'a wrong line that is not refused': reported({ causes: { STORE_EXISTS: 1, NET_RESET: 1 } }),
  },
  reportsWhatItCounts: {
    'an error without a cause': reported({ causes: { STORE_EXISTS: 1 } }),
    'a failure that is not told of': reported({ failures: [NOT_FOUND, EXISTS] }),
    'one that is told of twice': reported({ failures: [NOT_FOUND, EXISTS, EXISTS] }),
  },
  tellsOfEachFile: {
    'too little with --verbose': changed({ ended: { ...ENDED, stdout: 'good: 8 B\n' } }, { verbose: true }),
    'anything without': ended({ stdout: 'good: 8 B\n' }),
  },
  statusAgrees: {
    'no journal': changed({ known: undefined, knownStatus: 2 }),
    'a run that is over': changed({ known: { ...KNOWN, running: { pid: 1 } } }),
    'another number of files than the journal': changed({ known: { ...KNOWN, stored: 3 } }),
    'other bytes than the journal': changed({ known: { ...KNOWN, bytes: 19 } }),
    'another number of failures than the report': changed({ known: { ...KNOWN, notFound: 2 } }),
    'something unfinished after a whole run': changed({ known: { ...KNOWN, unfinished: 1 } }),
    'a whole run that it calls incomplete': changed({ known: { ...KNOWN, run: { complete: false } } }),
    'status 0 with failures': changed({ knownStatus: 0 }),
  },
  endsEachItemAsItMay: {
    'a good item that failed': reported({
      failures: [...REPORT.failures, { index: 0, url: 'good', status: 'error', code: 'NET_RESET' }],
    }),
    'a missing one that is an error': reported({
      failures: [{ ...NOT_FOUND, status: 'error', code: 'NET_RESET' }, EXISTS, REFUSED],
    }),
    'one that may be cut and is taken for proven': remaining({
      stored: new Map([...REMAINS.stored, ['cut', print('may be cut')]]),
    }),
    'a name that is taken, and no error': reported({ failures: [NOT_FOUND, REFUSED] }),
    'one without an outcome': remaining({ stored: without(REMAINS.stored, 'good') }),
  },
  storesWholeBodies: {
    'a file that is torn': remaining({ bodies: new Map([...REMAINS.bodies, ['good', Buffer.from('the bo')]]) }),
    'one that is to be missing': remaining({ bodies: new Map([...REMAINS.bodies, ['gone', Buffer.from('404')]]) }),
    "somebody else's that is replaced": remaining({
      bodies: new Map([...REMAINS.bodies, ['taken', Buffer.from('mine')]]),
    }),
    "somebody else's that is gone": remaining({ bodies: without(REMAINS.bodies, 'taken') }),
    'a shard that is broken': remaining({ broken: ['a shard is broken'] }),
  },
  writesDownWhatItStores: {
    'a file that is gone': remaining({ bodies: without(REMAINS.bodies, 'good') }),
    'a file of another size': remaining({ stored: new Map([...REMAINS.stored, ['good', print('the bod')]]) }),
    'a file of another checksum': remaining({ stored: new Map([...REMAINS.stored, ['good', print('the bodY')]]) }),
    'a file that is not written down': remaining({ stored: without(REMAINS.stored, 'good') }),
  },
  keepsWhatWasThere: {
    'a file that the next run removes': {
      scenario: SCENARIO,
      runs: [RUN, { ...AGAIN, remains: { ...REMAINS, bodies: without(REMAINS.bodies, 'good') } }],
    },
  },
  asksNoMoreThanItMust: {
    'what is there': { scenario: SCENARIO, runs: [RUN, { ...AGAIN, log: [request('good', 0)] }] },
    'what is in no list': changed({ log: [...RUN.log, request('other', 9)] }),
    'what is taken': changed({ log: [...RUN.log, request('taken', 9)] }),
    'more often than it has tries': changed({ log: [0, 2, 4].map((at) => request('good', at)) }),
    'what cannot be stored': {
      scenario: { ...SCENARIO, storage: { kind: 'read-only' } },
      runs: [{ ...RUN, report: undefined, ended: { ...ENDED, status: 3, stderr: '*** Error: read-only' } }],
    },
  },
  storesWhatItAskedFor: {
    'a file that no server gave': changed({ log: [request('cut', 0), request('gone', 2)] }),
    'fewer than it says': reported({ ok: 3 }),
    'other bytes than it says': reported({ bytes: 17 }),
  },
  isSilentOnlyWhereAllIsThere: {
    'an item that is missing': {
      scenario: ONLY_GOOD,
      runs: [
        {
          ...RUN,
          ended: { ...ENDED, status: 0, stderr: '' },
          report: undefined,
          remains: { ...REMAINS, bodies: new Map() },
        },
      ],
    },
    'a wrong line': ended({ status: 0 }),
  },
  keepsToItsRequests: {
    'too many at once': changed({ log: [0, 1, 2].map((at) => request('good', at, { ended: 9 })) }),
    'too many to one server': changed(
      { log: [0, 1].map((at) => request('good', at, { ended: 9 })) },
      { maxRequestsPerHost: 1 },
    ),
  },
};

test('a sound run has nothing against it, nor has the same command once more', () => {
  assert.deepEqual(judge(SOUND), []);
});

test('each rule is tried', () => {
  assert.deepEqual(Object.keys(WRONG).toSorted(), Object.keys(RULES).toSorted());
});

for (const [rule, cases] of Object.entries(WRONG)) {
  describe(`${rule} finds`, () => {
    for (const [what, observed] of Object.entries(cases)) {
      test(what, () => {
        const found = judge(observed);
        assert.ok(
          found.some((violation) => violation.rule === rule),
          JSON.stringify(found),
        );
      });
    }
  });
}

describe('the judge lets pass', () => {
  const passed: Readonly<Record<string, Observed>> = {
    'a run that was interrupted, with what is kept of a body': changed({
      ended: { ...ENDED, status: 130, sent: ['SIGINT'] },
      known: { ...KNOWN, run: { complete: false } },
      remains: { ...REMAINS, others: ['.sluice/partial', `.sluice/partial/${'0'.repeat(24)}.json`] },
    }),
    'what a killed one leaves': changed({
      ended: { ...ENDED, status: undefined, signal: 'SIGKILL', sent: ['SIGKILL'], stderr: '' },
      report: undefined,
      known: { ...KNOWN, unfinished: 1, run: { complete: false } },
      remains: { ...REMAINS, others: ['.sluice/unfinished-1', '.sluice/run'], end: undefined },
    }),
    'requests of which the client has closed the first': changed({
      log: [request('good', 0, { ended: 9, left: true }), request('good', 1), request('cut', 1), request('gone', 4)],
    }),
    'a time-out where the machine was held up': changed({
      ended: {
        ...ENDED,
        stall: 5_000,
        stderr:
          '1 file downloaded, 10 B in 0.10s.\n1 of them unproven\n1 duplicate left out.\n1 not found.\n3 errors: x',
      },
      report: {
        ...REPORT,
        ok: 1,
        errors: 3,
        bytes: 10,
        causes: { ...REPORT.causes, NET_TIMEOUT: 1 },
        failures: [...REPORT.failures, { index: 0, url: 'good', status: 'error', code: 'NET_TIMEOUT' }],
      },
      known: { ...KNOWN, stored: 1, errors: 1, bytes: 10 },
      remains: {
        ...REMAINS,
        bodies: without(REMAINS.bodies, 'good'),
        stored: without(REMAINS.stored, 'good'),
      },
    }),
  };
  for (const [what, observed] of Object.entries(passed)) test(what, () => assert.deepEqual(judge(observed), []));
});
