/** One run of one strategy, in a process of its own: so that its memory and its processor time are nobody else's. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { fromPlain, type PlainError, SluiceError } from '../errors.js';
import type { DownloadOptions } from '../options/resolve.js';
import type { ItemRequest } from '../lists/source.js';
import type { RunFigures, ServerSettings, Timeline } from './report.js';
import { benchItem } from './server.js';
import type { Contender } from './strategies.js';

/** The first `count` items of the embedded server, or those of a list. */
export type Items =
  | { readonly kind: 'embedded'; readonly base: string; readonly server: ServerSettings; readonly count: number }
  | { readonly kind: 'list'; readonly requests: readonly ItemRequest[] };

export interface RunSpec {
  readonly strategy: Contender;
  readonly items: Items;
  /** `directory` is fresh. */
  readonly options: DownloadOptions;
}

/** Units are those of the report. */
export interface RunResult extends Omit<RunFigures, 'round' | 'failed' | 'network'> {
  /** How many failed, by code. */
  readonly failures: Readonly<Record<string, number>>;
  readonly timeline: Timeline;
}

export type Answer = { readonly result: RunResult } | { readonly error: PlainError };

const ENTRY = fileURLToPath(new URL('../../src/bench/process-entry.cjs', import.meta.url));

/** The same in every run, however many of them there are. */
export function* requestsOf(items: Items): Iterable<ItemRequest> {
  if (items.kind === 'list') yield* items.requests;
  else for (let index = 0; index < items.count; index += 1) yield benchItem(items.base, items.server, index);
}

/**
 * @throws StorageError, UsageError or SluiceError when the run could not be made
 * @throws the signal's reason when it is aborted; the process is gone then
 */
export async function runInProcess(spec: RunSpec, signal: AbortSignal): Promise<RunResult> {
  signal.throwIfAborted();
  const child = fork(ENTRY, [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    child.send(spec);
    const answered = once(child, 'message') as Promise<[Answer]>;
    const answer = await Promise.race([answered.then(([message]) => message), exited.then(() => undefined)]);
    await exited;
    signal.throwIfAborted();
    if (answer === undefined) throw lost(child.exitCode, child.signalCode);
    if ('error' in answer) throw fromPlain(answer.error);
    return answer.result;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function lost(status: number | null, signal: string | null): SluiceError {
  return new SluiceError('WORKER_LOST', `a run ended unexpectedly (${signal ?? status})`, {
    hint: 'its complaint is above; was it out of memory?',
  });
}
