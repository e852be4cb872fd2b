/** Plans for tests of what works them off, and the processes that do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { idOf, type PlanOptions } from '../../src/fleet/manifest.js';
import { listPath, manifestPath, planFolder, shardFolder } from '../../src/fleet/plan-folder.js';
import type { DoneRecord } from '../../src/fleet/records.js';
import { lineOf } from '../../src/fleet/shard-list.js';
import type { Entry } from '../../src/item.js';
import { plan } from '../../src/plan/plan.js';
import { parseTemplate } from '../../src/plan/template.js';
import { CLI } from './cli.js';

/** Of a shard of one row, which is stored. */
export const ACCOUNT: Omit<DoneRecord, 'claim' | 'worker' | 'journal'> = {
  rows: 1,
  ok: 1,
  unproven: 0,
  notFound: 0,
  disallowed: 0,
  refused: 0,
  duplicates: 0,
  errors: 0,
  bytes: 5,
  causes: {},
  elapsed: 1,
  ended: '2026-01-01T00:00:00.000Z',
};

export interface PlanSettings {
  readonly shardItems: number;
  readonly options?: PlanOptions;
}

/** Plans lines of a list into a destination. @returns how many shards there are */
export async function planOf(directory: string, lines: readonly string[], settings: PlanSettings): Promise<number> {
  const { shardItems, options = {} } = settings;
  const layout = options.layout ?? 'flat';
  const template = options.name === undefined ? undefined : parseTemplate('name', options.name);
  const entries: Entry[] = [];
  const source = { kind: 'urls', urls: lines, label: 'list' } as const;
  for await (const batch of plan([source], { layout, template, directory })) entries.push(...batch);
  mkdirSync(join(planFolder(directory), 'lists'), { recursive: true });
  mkdirSync(join(planFolder(directory), 'shards'));
  const shards = [];
  for (let at = 0; at < entries.length; at += shardItems) {
    const some = entries.slice(at, at + shardItems);
    const text = some.map(lineOf).join('');
    const sha256 = createHash('sha256').update(text).digest('hex');
    writeFileSync(listPath(directory, shards.length), text);
    shards.push({ rows: some.length, items: countOf(some, 'item'), bytes: Buffer.byteLength(text), sha256 });
  }
  const counts = { rows: entries.length, items: countOf(entries, 'item') };
  const others = { refused: countOf(entries, 'refused'), duplicates: countOf(entries, 'duplicate') };
  const how = { options, layout, partitionBy: 'order', shardItems, someDetails: false, lists: [] } as const;
  const told = { ...how, ...counts, ...others, shards };
  const what = { version: 1, id: idOf(told), sluice: '0.1.0', created: new Date().toISOString() };
  writeFileSync(manifestPath(directory), JSON.stringify({ ...what, ...told }));
  return shards.length;
}

function countOf(entries: readonly Entry[], kind: Entry['kind']): number {
  return entries.filter((entry) => entry.kind === kind).length;
}

export function doneOf(directory: string, shard: number): DoneRecord {
  return JSON.parse(readFileSync(join(shardFolder(directory, shard), 'done.json'), 'utf8')) as DoneRecord;
}

/** Names of what is in a shard's folder, sorted. */
export function namesOf(directory: string, shard: number): readonly string[] {
  try {
    return readdirSync(shardFolder(directory, shard)).toSorted();
  } catch {
    return [];
  }
}

/** A `sluice work` in a process of its own. */
export interface Worker {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

interface WorkerSettings {
  /** For Node. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The command that runs it. */
  readonly within?: readonly string[];
}

export function startWorker(
  t: { after(fn: () => void): void },
  args: readonly string[],
  { flags = [], env, within = [] }: WorkerSettings = {},
): Worker {
  const [program = '', ...rest] = [...within, process.execPath, ...flags, CLI, 'work', ...args];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(() => child.kill('SIGKILL'));
  return { process: child, stderr: () => stderr, ended };
}

/** Waits until it is so. */
export async function until(isSo: () => boolean, what: string, most = 60_000): Promise<void> {
  const started = performance.now();
  while (!isSo()) {
    if (performance.now() - started > most) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
