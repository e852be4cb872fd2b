/** How far a plan is and who works on it, in words. */
import type { Manifest } from '../../fleet/manifest.js';
import type { Survey } from '../../fleet/survey.js';
import type { Bound } from '../../outcome.js';
import { count, formatBytes, formatDuration } from '../../shared/format.js';
import { printable } from '../../shared/printable.js';
import { formatRate } from '../../terminal/progress.js';
import { describeBound } from '../../verdict/verdict.js';

type Running = Survey['running'][number];

/** `40 of 60 shards done, 3 running, 16 open, 1 failed`. */
export function describeShards(
  { shards: { done, running, open, left, failed, damaged } }: Survey,
  plan: Manifest,
): string {
  const parts = [`${done} of ${count(plan.shards.length, 'shard')} done`];
  if (running > 0) parts.push(`${running} running`);
  if (open > 0) parts.push(`${open} open`);
  if (left > 0) parts.push(`${left} begun and left`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (damaged > 0) parts.push(`${damaged} damaged`);
  return parts.join(', ');
}

/** By whom a shard is being worked on, how fast, and what holds that up. */
export function describeRunning({ shard, claim, age }: Running, rows: number): string {
  if (claim === undefined) return `Shard ${shard}: somebody works on it; who is not known, for claim.json is damaged.`;
  const { worker, pid, host, progress } = claim;
  const parts = [`Shard ${shard}: ${printable(worker)} (process ${pid} on ${printable(host)})`];
  if (progress !== undefined) {
    parts.push(`${progress.done}/${rows} rows`, describeSpeed([progress]));
    if (progress.verdict !== undefined) parts.push(`held up by ${printable(describeBound(progress.verdict))}`);
  }
  parts.push(`heard of ${Math.round(age / 1000)}s ago`);
  return parts.join(', ');
}

/** One line for all: how many, how fast, how long still, and what holds up most of them. */
export function describeFleet(found: Survey, plan: Manifest): string {
  const { errors, notFound, unfinished, running, shards } = found;
  const done = plan.items - unfinished;
  const percent = plan.items === 0 ? 100 : Math.floor((100 * done) / plan.items);
  const told = running.flatMap(({ claim }) => claim?.progress ?? []);
  const parts = [
    `${shards.done}/${plan.shards.length} shards`,
    `${done}/${plan.items} done (${percent}%)`,
    count(running.length, 'worker'),
  ];
  if (told.length > 0) parts.push(describeSpeed(told));
  if (errors + notFound > 0) parts.push(`${errors + notFound} failed`);
  if (shards.failed > 0) parts.push(`${count(shards.failed, 'shard')} failed`);
  const rate = sum(told, ({ files, elapsed }) => (elapsed > 0 ? files / elapsed : 0));
  if (rate > 0 && unfinished > 0) parts.push(`${formatDuration(unfinished / rate)} left`);
  const bound = mostOften(told.flatMap(({ verdict }) => verdict?.bound ?? []));
  if (bound !== undefined) parts.push(`held up by ${printable(bound)}`);
  return parts.join(', ');
}

type Told = NonNullable<NonNullable<Running['claim']>['progress']>;

function describeSpeed(told: readonly Told[]): string {
  const files = sum(told, (one) => (one.elapsed > 0 ? one.files / one.elapsed : 0));
  const bytes = sum(told, (one) => (one.elapsed > 0 ? one.bytes / one.elapsed : 0));
  return `${formatRate(files)} files/s, ${formatBytes(bytes)}/s`;
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((before, one) => before + of(one), 0);
}

function mostOften(bounds: readonly Bound[]): Bound | undefined {
  const times = (bound: Bound): number => bounds.filter((other) => other === bound).length;
  return bounds.toSorted((a, b) => times(b) - times(a))[0];
}
