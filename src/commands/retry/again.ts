/**
 * Shards of a plan once more: each is opened and worked off as `sluice work` does it, which passes over what is stored and
 * requests all else. Who is killed on the way leaves a shard that is not done, for anybody to finish.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import { GivenFeed } from '../../fleet/given.js';
import { USUAL_LEASE } from '../../fleet/life.js';
import type { Manifest } from '../../fleet/manifest.js';
import type { ShardAgain, ShardEnd, ShardRun } from '../../fleet/shard-run.js';
import { work } from '../../fleet/work.js';
import { type Account, addAccount, emptyAccount } from '../../journal/account.js';
import { NETWORK } from '../../options/network.js';
import type { DownloadOptions, ResolvedOptions } from '../../options/resolve.js';
import { nameOf, type OptionName, OPTIONS } from '../../options/table.js';
import { PAGE_FLAGS } from '../../page/flags.js';
import { RESULTS_FLAGS } from '../../results/results.js';
import { count, formatBytes } from '../../shared/format.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { interruptible } from '../../terminal/interrupt.js';
import { describeDisallowed, describeFiltered, describeErrors, warn } from '../run-download.js';
import { OWN } from '../work/command.js';
import { describeHolder, Telling } from '../work/telling.js';
import { asInterrupted, ATTEMPTS, optionsFor } from '../work/work.js';
import type { AgainArguments } from './retry.js';

/** Left to who has it. */
type Elsewhere = Extract<ShardEnd, { readonly kind: 'held' | 'lost' }>;

export interface WentAgain {
  /** The exit status. */
  readonly status: number;
  /** Files that were fetched. */
  readonly fetched: number;
  /** Items of shards that are done once more, and which are not stored. */
  readonly lacking: number;
  /** What became of the shards, in lines. */
  readonly lines: readonly string[];
  /** Which shards others have. */
  readonly left: readonly string[];
}

/** What tells the same of a plan, when it was worked off again. */
const INSTEAD: Readonly<Record<string, string>> = {
  report: 'leave it out; sluice status --json tells of the whole plan afterwards',
  metadata: 'leave it out; sluice export -o FILE writes the same of the whole plan afterwards',
};

export class Again {
  readonly #args: AgainArguments;
  readonly #plan: Manifest;
  readonly #directory: string;
  readonly #options: ResolvedOptions;
  #fetched = 0;
  #bytes = 0;
  /** Of the shards that are done once more. */
  readonly #account: Account = emptyAccount();
  readonly #elsewhere = new Map<number, Elsewhere>();
  #failed = 0;

  /** @throws UsageError for options that do not go with the plan */
  constructor(args: AgainArguments, plan: Manifest) {
    const other = [...RESULTS_FLAGS, ...PAGE_FLAGS]
      .map(({ flag }) => /^--(\w+)/.exec(flag)?.[1] ?? '')
      .find((name) => args.results[name]);
    if (other !== undefined) {
      throw new UsageError(
        `--${other} is about one run, and this destination has a plan`,
        INSTEAD[other] ?? 'leave it out',
      );
    }
    this.#args = args;
    this.#plan = plan;
    this.#directory = resolve(args.directory);
    this.#options = optionsFor(plan, { ...ownOf(args.options, plan), directory: this.#directory });
  }

  /** @param prepare called with the path of a shard's journal before anything of it is requested */
  async run(shards: readonly number[], prepare?: ShardAgain['prepare']): Promise<WentAgain> {
    const { quiet = false, verbose = false } = this.#args;
    await warn(this.#options, quiet);
    const feed = new GivenFeed(shards, (shard) => this.#elsewhere.has(shard));
    await interruptible(async (interruption) => {
      const { signal } = interruption;
      const telling = await Telling.open(this.#plan, interruption, { quiet, verbose });
      let run: ShardRun | undefined;
      try {
        await work({
          directory: this.#directory,
          manifest: this.#plan,
          options: this.#options,
          worker: `retry-${hostname()}`,
          lease: USUAL_LEASE,
          maxAttempts: ATTEMPTS,
          signal,
          feed,
          wait: false,
          again: { reopen: true, ...(prepare && { prepare }) },
          onBegin: (begun) => telling.onBegin((run = begun)),
          onOutcome: telling.onOutcome,
          onEnd: (shard, end) => {
            telling.onEnd(shard, end);
            this.#note(shard, end, run);
            run = undefined;
          },
        });
      } catch (error) {
        throw asInterrupted(error, signal);
      } finally {
        telling.stop();
      }
    });
    return this.#result();
  }

  #note(shard: number, end: ShardEnd, run: ShardRun | undefined): void {
    this.#fetched += run?.download.summary.ok ?? 0;
    this.#bytes += run?.download.summary.bytes ?? 0;
    if (end.kind === 'done') addAccount(this.#account, { ...end.record, stored: end.record.ok });
    else if (end.kind === 'held' || end.kind === 'lost') this.#elsewhere.set(shard, end);
    else if (end.kind === 'failed' || (end.kind === 'ended' && end.how === 'failed')) this.#failed += 1;
  }

  #result(): WentAgain {
    const { notFound, disallowed, filtered, errors, causes } = this.#account;
    const lines = [`${count(this.#fetched, 'file')} downloaded, ${formatBytes(this.#bytes)}.`];
    if (notFound > 0) lines.push(`${notFound} not found.`);
    if (disallowed > 0) lines.push(describeDisallowed(disallowed));
    if (filtered > 0) lines.push(describeFiltered(filtered));
    if (errors > 0) lines.push(describeErrors(errors, causes));
    if (this.#failed > 0) lines.push(`${count(this.#failed, 'shard')} failed.`);
    const left = [...this.#elsewhere].map(([shard, { by }]) => `Shard ${shard} is left to ${describeHolder(by)}.`);
    const lacking = notFound + errors;
    const status = lacking + this.#failed + this.#elsewhere.size > 0 ? SOME_FAILED : 0;
    return { status, fetched: this.#fetched, lacking, lines, left };
  }
}

/**
 * Those that are about this machine; flags that were not given say what they say to any run, and not what the plan does not.
 *
 * @throws UsageError for one that is about files, and says something else than the plan
 */
function ownOf(options: DownloadOptions, plan: Manifest): DownloadOptions {
  const planned: DownloadOptions = { ...plan.options, layout: plan.layout };
  const given: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options) as [OptionName, unknown][]) {
    const isUsual = value === OPTIONS[option].default;
    if (option === 'directory' || isUsual) continue;
    if (OWN.includes(option) || option === 'proxyFromEnvironment' || (NETWORK as readonly string[]).includes(option)) {
      given[option] = value;
    } else if (value !== planned[option]) {
      throw new UsageError(
        `--${nameOf(option)} is not what the plan says`,
        'leave it out: the plan decides about files',
      );
    }
  }
  return given;
}
