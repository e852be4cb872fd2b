/** What became of each item: it has to be what may become of it, and the files, the journal and the servers have to agree. */
import { crc32 } from 'node:zlib';
import type { Fate } from '../kinds/kind.js';
import type { ReportedFailure } from '../observed.js';
import type { MadeItem } from '../scenario.js';
import {
  beganAnew,
  type Case,
  isForeign,
  isOnBadStorage,
  isWhole,
  itemsOf,
  type Rule,
  wasHeldUp,
  wasKilled,
} from './case.js';

/** What a file holds that was there before. */
export const FOREIGN = Buffer.from('somebody else has written this');

const OF_STORAGE: readonly Fate[] = ['STORE_FAILED', 'STORE_FULL', 'STORE_SYNC'];
const OF_TIME: readonly Fate[] = ['NET_TIMEOUT', 'HTTP_STATUS', 'NET_RESET', 'BODY_CUT'];

export const endsEachItemAsItMay: Rule = function* (one) {
  const { scenario, run } = one;
  const { report, remains } = run;
  if (report === undefined) return;
  const failures = new Map(report.failures.map((failure) => [failure.index, failure]));
  const asked = countRequests(one);
  for (const [index, item] of itemsOf(scenario)) {
    const failure = failures.get(index);
    const body = remains.bodies.get(item.name);
    const fate = failure === undefined ? storedFate(one, item) : fateOf(failure);
    if (fate === undefined) {
      if (isWhole(run)) yield `${item.name} has no outcome`;
      continue;
    }
    const expected = fatesOf(one, item, asked.get(item.name) ?? 0);
    if (!expected.has(fate))
      yield `${item.name} is ${fate}, not ${[...expected].join(' or ')}: ${item.character.label}`;
    if (failure === undefined && body === undefined) yield `${item.name} is ${fate}, and is not there`;
  }
};

function fateOf({ status, code }: ReportedFailure): Fate {
  return status === 'not_found' ? status : code;
}

/** Of an item that did not fail; undefined where it is not stored. */
function storedFate({ scenario: { settings }, run: { remains } }: Case, { name }: MadeItem): Fate | undefined {
  if (!settings.journal) return remains.bodies.has(name) ? 'ok' : undefined;
  const stored = remains.stored.get(name);
  return stored === undefined ? undefined : stored.unproven ? 'unproven' : 'ok';
}

function fatesOf(one: Case, item: MadeItem, requests: number): Set<Fate> {
  const { scenario, run, earlier } = one;
  const { settings } = scenario;
  if (isForeign(scenario, item)) return new Set(['STORE_EXISTS']);
  const before = run.askedBefore.get(item.name) ?? 0;
  const fates = new Set(item.character.fates(settings, before));
  // A request on a connection that what came before had spoilt is made again free of charge.
  for (const fate of item.character.fates({ ...settings, tries: Math.max(settings.tries, requests) }, before)) {
    fates.add(fate);
  }
  const there = earlier.at(-1)?.remains;
  const wasThere = (item.taken ? there?.stored : there?.bodies)?.has(item.name) === true && !beganAnew(one);
  if (wasThere) return new Set(['ok', ...(fates.has('unproven') ? (['unproven'] as const) : [])]);
  // Without a journal nobody says which.
  if (!settings.journal && fates.has('unproven')) fates.add('ok');
  if (isOnBadStorage(one)) for (const code of OF_STORAGE) fates.add(code);
  // There may be no time for another try, nor for the wait before it.
  const hadToHurry = settings.maxTime !== undefined && item.kind !== 'good';
  if (hadToHurry || wasHeldUp(one)) for (const code of OF_TIME) fates.add(code);
  return fates;
}

function countRequests({ run: { log } }: Case): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of log) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

export const storesWholeBodies: Rule = function* ({ scenario, run: { remains } }) {
  yield* remains.broken;
  for (const item of scenario.items) {
    const { name, taken, character } = item;
    const found = remains.bodies.get(name);
    if (found === undefined) {
      if (isForeign(scenario, item)) yield `${name} was somebody else's, and is gone`;
      continue;
    }
    if (taken && found.equals(FOREIGN)) continue;
    const isRight = character.bodies.some((body) => body.equals(found));
    const isBeginning = character.bodies.some((body) => body.subarray(0, found.length).equals(found));
    if (isForeign(scenario, item)) yield `${name} was somebody else's, and is replaced`;
    else if (!isRight && !(character.mayBeCut === true && isBeginning)) {
      yield `${name} holds ${found.length} bytes that are not those of its server: ${character.label}`;
    }
  }
};

export const writesDownWhatItStores: Rule = function* (one) {
  const { scenario, run } = one;
  const { remains } = run;
  for (const [name, { size, crc32: check }] of remains.stored) {
    const body = remains.bodies.get(name);
    if (body === undefined) yield `the journal has ${name}, and it is not there`;
    else if (body.length !== size || crc32(body) !== check) yield `the journal is wrong about ${name}`;
  }
  if (!scenario.settings.journal || wasKilled(run) || isOnBadStorage(one)) return;
  // What was there is a file of before until it is replaced. Threads that store by themselves are not called back: what
  // one of them has stored after the end, the next run finds.
  if (beganAnew(one) || (scenario.settings.executor === 'threads' && !isWhole(run))) return;
  for (const item of scenario.items) {
    if (!remains.bodies.has(item.name) || remains.stored.has(item.name)) continue;
    if (item.taken && remains.bodies.get(item.name)?.equals(FOREIGN) === true) continue;
    yield `${item.name} is there, and the journal does not know`;
  }
};

export const keepsWhatWasThere: Rule = function* ({ run, earlier }) {
  for (const name of earlier.at(-1)?.remains.bodies.keys() ?? []) {
    if (!run.remains.bodies.has(name)) yield `${name} was there, and is gone`;
  }
};

export const asksNoMoreThanItMust: Rule = function* (one) {
  const { scenario, earlier } = one;
  const { items, settings, storage } = scenario;
  const byName = new Map(items.map((item) => [item.name, item]));
  const before = earlier.at(-1)?.remains;
  const isAnew = beganAnew(one);
  for (const [name, count] of countRequests(one)) {
    const item = byName.get(name);
    if (item === undefined) {
      yield `${name} was asked for, which is not in the list`;
      continue;
    }
    if (isForeign(scenario, item)) yield `${name} was asked for, though its name is taken`;
    // Of what replaces a file, or was on storage that failed, only the journal tells.
    const isDoubtful = item.taken || (storage.kind !== 'plain' && storage.kind !== 'slow');
    const isThere = before !== undefined && (isDoubtful ? before.stored.has(name) : before.bodies.has(name));
    if (isThere && !isAnew) yield `${name} was there, and was asked for again`;
    // Each try may be repeated once where a used connection may have been at fault.
    const most = 2 * settings.tries * (item.character.steps ?? 1);
    if (count > most) yield `${name} was asked for ${count} times, at most ${most}`;
  }
  if (storage.kind === 'read-only' && one.run.storageApplies && one.run.log.length > 0) {
    yield 'something was asked for, and nothing could be stored';
  }
};

export const storesWhatItAskedFor: Rule = function* (one) {
  const { scenario, run, earlier } = one;
  if (run.report === undefined || earlier.length > 0) return;
  const asked = countRequests(one);
  for (const name of run.remains.stored.keys()) {
    if (!asked.has(name)) yield `${name} is stored, and no server was asked for it`;
  }
  if (!isWhole(run) || !scenario.settings.journal) return;
  if (run.report.ok !== run.remains.stored.size) {
    yield `the report says ${run.report.ok} stored, the journal has ${run.remains.stored.size}`;
  }
  const bytes = [...run.remains.stored.values()].reduce((sum, { size }) => sum + size, 0);
  if (run.report.bytes !== bytes) yield `the report says ${run.report.bytes} bytes, the journal has ${bytes}`;
};

/** Exit status 0 says that all is there: the rule that matters most, by itself and from the bytes on the disk alone. */
export const isSilentOnlyWhereAllIsThere: Rule = function* ({ scenario, run }) {
  if (run.ended.status !== 0) return;
  for (const item of scenario.items) {
    if (!run.remains.bodies.has(item.name)) yield `status 0, and ${item.name} is not there: ${item.character.label}`;
  }
  if (scenario.lines.some(({ kind }) => kind === 'wrong')) yield 'status 0, with a wrong line in the list';
};
