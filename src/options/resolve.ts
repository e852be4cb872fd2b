/** The options of a download, as they are given and with nothing left open. */
import { UsageError } from '../errors.js';
import type { RetryPolicy } from './retry-policy.js';
import { type ExecutorName, nameOf, type OptionName, OPTIONS, type Row } from './table.js';
import { isInShards } from '../protocol/layouts.js';

type Table = typeof OPTIONS;
type Given<R> = R extends Row<infer In, infer _Out, infer _Unset> ? In : never;
type Resolved<R> = R extends Row<infer _In, infer Out, infer Unset> ? Out | Unset : never;

export type DownloadOptions = { readonly [O in keyof Table]?: Given<Table[O]> };

/** The same with nothing left open: sizes in bytes, times in milliseconds, paths absolute. */
export interface ResolvedOptions extends Omit<
  { readonly [O in keyof Table]: Resolved<Table[O]> },
  'tries' | 'executor'
> {
  /** `discard` stores nothing: no user can ask for it, but a measurement compares with it. */
  readonly executor: ExecutorName | 'discard';
  readonly retry: RetryPolicy;
}

const RETRY = { baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 10 * 60_000, patience: 5 * 60_000 } as const;

/** @throws UsageError that names the option and the value */
export function resolveOptions(options: DownloadOptions): ResolvedOptions {
  const { tries, ...resolved } = Object.fromEntries(
    (Object.keys(OPTIONS) as OptionName[]).map((option) => [option, resolveOne(option, options[option])]),
  ) as { readonly [O in keyof Table]: Resolved<Table[O]> };
  const { layout, executor } = resolved;
  if (isInShards(layout) && executor !== 'pool') {
    throw new UsageError(
      `--layout ${layout} does not go with --executor ${executor}`,
      `leave --executor out: ${layout} needs the pool`,
    );
  }
  return { ...resolved, retry: { ...RETRY, tries } };
}

function resolveOne(option: OptionName, given: unknown): unknown {
  const { kind, default: usual, unset } = OPTIONS[option] as Row<unknown, unknown, unknown>;
  const value = given ?? usual;
  return value === undefined ? unset : kind.check(nameOf(option), value);
}
