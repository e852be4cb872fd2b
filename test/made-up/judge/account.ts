/** What a run says of itself: its summary, its report and `status` have to say the same, and all of it. */
import { entriesOf, isOnBadStorage, isWhole, type Rule, wasKilled } from './case.js';
import type { Report } from '../observed.js';

export const tellsOfItself: Rule = function* ({ run }) {
  const { report, ended } = run;
  if (isWhole(run) && report === undefined) yield 'it ended by itself and wrote no report';
  if (report === undefined || wasKilled(run)) return;
  const summary = /^\d+ files? downloaded, (?:.|\n)*/m.exec(ended.stderr)?.[0];
  if (summary === undefined) {
    yield 'it wrote no summary';
    return;
  }
  const told = {
    ok: numberIn(summary, /^(\d+) files? downloaded, /m),
    unproven: numberIn(summary, /^(\d+) of them unproven/m),
    skipped: numberIn(summary, /^(\d+) files? of an earlier run/m),
    duplicates: numberIn(summary, /^(\d+) duplicates? left out/m),
    notFound: numberIn(summary, /^(\d+) not found\.$/m),
    errors: numberIn(summary, /^(\d+) errors?: /m),
  };
  for (const [name, count] of Object.entries(told)) {
    const reported = report[name as keyof typeof told];
    if (count !== reported) yield `the summary says ${count} ${name}, the report ${reported}`;
  }
};

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

export const accountsForEachLine: Rule = function* ({ scenario, run }) {
  const { report } = run;
  if (report === undefined) return;
  const entries = entriesOf(scenario);
  const sum = accountedFor(report);
  if (isWhole(run) ? sum !== entries.length : sum > entries.length) {
    yield `${sum} lines are accounted for, of ${entries.length}`;
  }
  if (!isWhole(run)) return;
  const duplicates = entries.filter(({ kind }) => kind === 'duplicate').length;
  if (report.duplicates !== duplicates) yield `${report.duplicates} duplicates, of ${duplicates}`;
  const wrong = entries.filter(({ kind }) => kind === 'wrong').length;
  const refused = report.causes['LIST_LINE'] ?? 0;
  if (refused !== wrong) yield `${refused} lines refused, of ${wrong} wrong ones`;
};

function accountedFor({ ok, notFound, errors, skipped, duplicates }: Report): number {
  return ok + notFound + errors + skipped + duplicates;
}

export const reportsWhatItCounts: Rule = function* ({ run: { report } }) {
  if (report === undefined) return;
  const causes = Object.values(report.causes).reduce((sum, count) => sum + count, 0);
  if (causes !== report.errors) yield `${report.errors} errors, and causes of ${causes}`;
  if (report.failures.length !== report.errors + report.notFound) {
    yield `${report.failures.length} failures told of, of ${report.errors + report.notFound}`;
  }
  const indices = new Set(report.failures.map(({ index }) => index));
  if (indices.size !== report.failures.length) yield 'a failure is told of twice';
};

export const tellsOfEachFile: Rule = function* ({ scenario: { settings }, run }) {
  if (run.report === undefined || wasKilled(run)) return;
  const lines = run.ended.stdout.split('\n').length - 1;
  const expected = settings.verbose ? run.report.ok : 0;
  if (lines !== expected) yield `${lines} lines on standard output, of ${expected}`;
};

export const statusAgrees: Rule = function* (one) {
  const { scenario, run, earlier } = one;
  const { known, knownStatus, report, remains } = run;
  if (!scenario.settings.journal) return;
  if (known === undefined) {
    if (report !== undefined && !isOnBadStorage(one)) yield `the run began, and status ends with ${knownStatus}`;
    return;
  }
  if (known.running !== false) yield 'status says that it is running still';
  if (known.stored !== remains.stored.size) {
    yield `status says ${known.stored} stored, the journal has ${remains.stored.size}`;
  }
  const bytes = [...remains.stored.values()].reduce((sum, { size }) => sum + size, 0);
  if (known.bytes !== bytes) yield `status says ${known.bytes} bytes, the journal has ${bytes}`;
  const isDone = known.notFound + known.errors + known.unfinished === 0 && known.run.complete;
  if ((knownStatus === 0) !== isDone) yield `status ends with ${knownStatus}, though it says ${JSON.stringify(known)}`;
  if (report === undefined || wasKilled(run) || run.ended.status === 3) return;
  // What another run has stored since is not this one's, unless it saw all of the list.
  if (!isWhole(run) && earlier.length > 0) return;
  const { ok, skipped, notFound, errors, causes } = report;
  const expected = {
    stored: ok + skipped,
    notFound,
    errors: errors - (causes['LIST_LINE'] ?? 0) - (causes['STORE_EXISTS'] ?? 0),
  };
  for (const [name, count] of Object.entries(expected)) {
    const said = known[name as keyof typeof expected];
    if (said !== count) yield `status says ${said} ${name}, the report ${count}`;
  }
  if (isWhole(run) && known.unfinished > 0) yield `status says ${known.unfinished} not finished after a whole run`;
  if (isWhole(run) && !known.run.complete) yield 'status says that the run is not complete';
  // A signal may come when all is done.
  const wentThrough = accountedFor(report) === entriesOf(scenario).length;
  if (known.run.complete && !wentThrough) yield 'status says that the run is complete, which the report does not';
};
