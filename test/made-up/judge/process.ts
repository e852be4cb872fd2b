/** How the process has to end, what it may take, and what it may leave behind. */
import type { Rule } from './case.js';
import { isOnBadStorage, isWhole, wasKilled } from './case.js';

const STATUSES = { SIGINT: 130, SIGTERM: 143 } as const;
const MIB = 1 << 20;
/** Bytes that Node and the program take by themselves, and for each thread of JavaScript: Node 24 and 26 take 12 to 18 MiB more. */
const OWN_MEMORY = (Number(process.versions.node.split('.')[0]) >= 24 ? 190 : 170) * MIB;
const THREAD_MEMORY = 16 * MIB;
/** Threads that run no JavaScript, or are the main one: libuv's 68, V8's, and that for signals. */
const OTHER_THREADS = 74;
/** Files that are open whatever is asked for, those of 68 threads that write among them. */
const OWN_FILES = 130;

export const endsInTime: Rule = function* ({ run: { ended } }) {
  if (ended.late) yield 'it did not end';
};

export const endsWithItsStatus: Rule = function* (one) {
  const { run } = one;
  const { status, signal, sent, late } = run.ended;
  if (late || (signal === 'SIGKILL' && sent.includes('SIGKILL'))) return;
  const [asked] = sent;
  if (asked === 'SIGINT' || asked === 'SIGTERM') {
    if (status === STATUSES[asked] || signal === asked) return;
  }
  if (signal !== undefined) {
    yield `${signal} ended it, which nobody has sent`;
  } else if (isWhole(run)) {
    if (run.report === undefined) return;
    const { errors, notFound } = run.report;
    const expected = errors + notFound > 0 ? 1 : 0;
    if (status !== expected) yield `status ${status}, with ${errors} errors and ${notFound} not found`;
  } else if (status !== 3 || !isOnBadStorage(one)) {
    yield `status ${status}, for which there is no reason`;
  }
};

export const saysNoFault: Rule = function* ({ run: { ended } }) {
  const [line] =
    /^.*(?:fault of sluice|Unhandled|FATAL|\(node:\d+\)|Assertion|^\s+at .*:\d+:\d+\)?$).*$/m.exec(ended.stderr) ?? [];
  if (line !== undefined) yield `it said: ${line.trim()}`;
};

export const saysWhatStopsIt: Rule = function* ({ run: { ended } }) {
  if (ended.status === 3 && !/^\*\*\* Error: ./m.test(ended.stderr)) yield 'status 3, and not a word about it';
};

export const staysWithinMemory: Rule = function* ({ scenario: { settings }, run: { ended } }) {
  // Where they are heavy and the storage is slow, as many writers as bring more are threads.
  const auto = Math.max(2, ended.threads - OTHER_THREADS);
  const threads =
    settings.executor === 'threads' ? settings.maxRequests : settings.workers === 'auto' ? auto : settings.workers;
  const bound = OWN_MEMORY + threads * THREAD_MEMORY + parseInt(settings.memory, 10) * MIB;
  if (ended.peakMemory > bound) yield `${Math.round(ended.peakMemory / MIB)} MiB of memory, at most ${bound / MIB}`;
};

export const staysWithinFiles: Rule = function* ({ scenario: { settings, origins }, run: { ended } }) {
  // A connection for each request, and those that wait to be used again.
  const bound = OWN_FILES + settings.maxRequests * (origins + 1);
  if (ended.openFiles > bound) yield `${ended.openFiles} files open, at most ${bound}`;
};

/** Where Node keeps what V8 makes of a program for its next start. */
const NODES_OWN = 'node-compile-cache';

export const leavesNothingBehind: Rule = function* ({ run, scenario: { items } }) {
  const { ended, temporary, outside, remains } = run;
  if (ended.leftBehind) yield 'it left processes behind';
  if (outside !== undefined) yield outside;
  for (const name of temporary) if (name !== NODES_OWN) yield `${name} was left in the folder for temporary files`;
  const names = new Set(items.map(({ name }) => name));
  for (const path of remains.others) {
    const isOwn = path.startsWith('.sluice/') || /(?:^|\/)\.sluice-[^/]*$/.test(path);
    // A file that is kept to be gone on with.
    const isKept = !isWhole(run) && /^\.sluice\/partial(?:\/[0-9a-f]{24}(?:\.json)?)?$/.test(path);
    if (isKept || (isOwn && wasKilled(run))) continue;
    yield names.has(path.split('/').at(-1) as string) ? `${path} is no file` : `${path} was left behind`;
  }
};
