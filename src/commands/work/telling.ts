/** What a person is told of a worker: a line for each shard, and how far the one is that it has. */
import type { Manifest } from '../../fleet/manifest.js';
import type { Part } from '../../fleet/numbered.js';
import type { Holder } from '../../fleet/claim.js';
import type { DoneRecord } from '../../fleet/records.js';
import type { ShardEnd, ShardRun } from '../../fleet/shard-run.js';
import type { Outcome } from '../../outcome.js';
import { count, formatBytes } from '../../shared/format.js';
import { printable, withoutPassword } from '../../shared/printable.js';
import { drain, type Interruption } from '../../terminal/interrupt.js';
import { isBehind, OUTPUT, roomIn } from '../../terminal/output.js';
import { columns, type Progress, ProgressLine, showLine } from '../../terminal/progress.js';
import { describeErrors, describeFailure } from '../run-download.js';
import { SHOWN_ERRORS } from '../../terminal/failures.js';

export class Telling {
  readonly #manifest: Manifest;
  readonly #interruption: Interruption;
  readonly #verbose: boolean;
  /** Undefined for one that is to be quiet. */
  #progress: Progress | undefined;
  #run: ShardRun | undefined;
  #progressLine = new ProgressLine();
  #done = 0;
  /** Of the shard that it has. */
  #failed = 0;

  private constructor(manifest: Manifest, interruption: Interruption, verbose: boolean) {
    this.#manifest = manifest;
    this.#interruption = interruption;
    this.#verbose = verbose;
  }

  static async open(
    manifest: Manifest,
    interruption: Interruption,
    { quiet, verbose }: { readonly quiet: boolean; readonly verbose: boolean },
  ): Promise<Telling> {
    const telling = new Telling(manifest, interruption, verbose);
    if (!quiet) telling.#progress = await showLine(() => telling.#line());
    const current = {
      get summary() {
        return telling.#run?.download.summary ?? { waiting: 0 };
      },
      leave: () => telling.#run?.download.leave(),
    };
    drain(current, interruption, (line) => telling.#print(line, true));
    return telling;
  }

  begin({ index, count: all, from }: Part, shards: number): void {
    const what = `Part ${index} of ${all}, from 0, as ${from} says: ${count(shards, 'shard')}`;
    this.#print(`${what} of ${this.#manifest.shards.length}.`);
  }

  readonly onBegin = (run: ShardRun): void => {
    this.#run = run;
    this.#progressLine = new ProgressLine();
    this.#failed = 0;
    if (run.former !== undefined) this.#print(`Shard ${run.shard}: taken over from ${describeHolder(run.former)}.`);
  };

  readonly onOutcome = (outcome: Outcome): void | Promise<void> => {
    if (outcome.status === 'ok') {
      if (!this.#verbose) return undefined;
      this.#progress?.print(`${outcome.name}: ${formatBytes(outcome.size)}`, process.stdout);
    } else if (outcome.status === 'error' || outcome.status === 'not_found') {
      this.#failed += 1;
      if (!this.#verbose && this.#failed > SHOWN_ERRORS) return undefined;
      this.#print(describeFailure(outcome.url, outcome.error.message));
    }
    return OUTPUT.some(isBehind) ? this.#room() : undefined;
  };

  readonly onEnd = (shard: number, end: ShardEnd): void => {
    this.#run = undefined;
    if (end.kind === 'done') {
      this.#done += 1;
      this.#print(`Shard ${shard} done: ${describeDone(end.record)}`);
    } else if (end.kind === 'lost') {
      this.#print(`*** Shard ${shard}: taken over by ${describeHolder(end.by)}; left to it.`);
    } else if (end.kind === 'held') {
      if (this.#verbose) this.#print(`Shard ${shard}: ${describeHolder(end.by)} works on it.`);
    } else if (end.kind === 'error' || end.kind === 'failed') {
      const { message, hint } = end.error;
      const next =
        end.kind === 'error' ? 'it is tried again' : 'it has failed for good, until it is tried again by retry';
      this.#print(
        `*** Shard ${shard}: ${printable(withoutPassword(message), 1000)}: ${hint}; ${next}.`,
        end.kind === 'failed',
      );
    } else if (end.how === 'failed') {
      this.#print(`*** Shard ${shard} has failed for good before; it is tried again by retry.`, true);
    }
  };

  /** What the queue has to tell. */
  readonly note = (line: string): void => this.#print(line);

  stop(): void {
    this.#progress?.stop();
  }

  async #room(): Promise<void> {
    for (const stream of OUTPUT) if (isBehind(stream)) await roomIn(stream, this.#interruption.signal);
  }

  /** @param always also where it is to be quiet */
  #print(line: string, always = false): void {
    if (this.#progress !== undefined) this.#progress.print(line, process.stderr);
    else if (always) process.stderr.write(`${line}\n`);
  }

  #line(): string {
    const done = `${count(this.#done, 'shard')} done`;
    if (this.#run === undefined) return `${done}, looking for another one`;
    const before = `${done}, shard ${this.#run.shard}: `;
    return before + this.#progressLine.describe(this.#run.download, columns() - before.length);
  }
}

export function describeHolder({ worker, pid, host, since }: Holder): string {
  if (worker === undefined) return 'another worker';
  return `${printable(worker)} (process ${pid} on ${printable(host ?? '')}, since ${printable(since ?? '')})`;
}

function describeDone({
  rows,
  ok,
  bytes,
  notFound,
  disallowed,
  filtered = 0,
  refused,
  duplicates,
  errors,
  causes,
  elapsed,
}: DoneRecord): string {
  const parts = [`${count(rows, 'row')}, ${count(ok, 'file')}, ${formatBytes(bytes)} in ${elapsed.toFixed(2)}s.`];
  if (duplicates > 0) parts.push(`${count(duplicates, 'duplicate')} left out.`);
  if (notFound > 0) parts.push(`${notFound} not found.`);
  if (disallowed > 0) parts.push(`${disallowed} disallowed.`);
  if (filtered > 0) parts.push(`${filtered} filtered.`);
  if (refused > 0) parts.push(`${refused} no URL.`);
  if (errors > 0) parts.push(describeErrors(errors, causes));
  return parts.join(' ');
}
