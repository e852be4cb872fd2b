/**
 * The pipeline: plan -> scheduler -> fetch -> executor -> outcome. The one place that knows the order of the stages, and it
 * does nothing else.
 */
import { type PlainError, SluiceError } from '../errors.js';
import { disallowingOf } from '../fetch/directives.js';
import { StallWatchdog } from '../fetch/stall-watchdog.js';
import type { Entry } from '../item.js';
import type { Admitted } from '../journal/placement.js';
import type { Source } from '../lists/source.js';
import { MAX_REQUESTS, MAX_WORKERS, mostRequests } from '../options/limits.js';
import { answersName, type ResolvedOptions } from '../options/resolve.js';
import type { Outcome, Summary } from '../outcome.js';
import { plan } from '../plan/plan.js';
import { PlanProgress } from '../plan/progress.js';
import { ReadAhead } from '../plan/read-ahead.js';
import type { Operation } from '../protocol/times.js';
import { limitsRequests, throttleOf } from '../schedule/limits.js';
import { Scheduler } from '../schedule/scheduler.js';
import { workFor } from '../schedule/work.js';
import { shareFiles } from '../shared/file-limit.js';
import { guardAgainstStandstill, unguard } from '../shared/standstill.js';
import { Items, type Observer, type Run } from './items.js';
import { Outcomes } from './outcomes.js';
import { type ClaimedPart, Resources } from './resources.js';
import type { Resumption } from './resume.js';
import { Shutdown } from './shutdown.js';
import type { RunSample, Sampling } from './stages.js';

/** Outcomes that may wait for whoever reads them, and items for their next try, before no new item is begun. */
const MAX_WAITING = 4096;
/** Outcomes that are handed out together. */
const MAX_BATCH = 64;
/** Items that may wait for their servers before no more are taken from the list: they take some hundred megabytes at worst. */
const MAX_PARKED = 1 << 20;
/** Items that are begun in the journal before they are: so that none waits for it. */
const AHEAD = 1024;

const INTERRUPTED: PlainError = {
  code: 'ABORTED',
  message: 'the run was interrupted',
  hint: 'run the same command again to go on',
};

export class Download {
  readonly #options: ResolvedOptions;
  readonly #entries: ReadAhead<Entry, Admitted>;
  readonly #scheduler: Scheduler;
  readonly #watchdog: StallWatchdog;
  readonly #items: Items;
  readonly #resources: Resources;
  readonly #outcomes: Outcomes;
  readonly #shutdown: Shutdown;
  readonly #progress = new PlanProgress();
  readonly #started = performance.now();

  #sampling: Sampling | undefined;
  #pumping = false;
  #planning = false;
  #closing: Promise<void> | undefined;
  #ended: number | undefined;

  /** How many requests run at once and how many files may be open, where that is what makes them fewer than asked for. */
  readonly fewer: { readonly requests: number; readonly files: number } | undefined;

  /** @param claim on a shard of a plan, by which the run has its part of the destination */
  constructor(sources: readonly Source[], options: ResolvedOptions, observer?: Observer, claim?: ClaimedPart) {
    const { layout, journal, directory, executor, maxBodySize, strict } = options;
    const maxRequests = mostRequests(options);
    this.#options = options;
    this.#outcomes = new Outcomes(directory, () => this.#pump());
    const { requests } = this.#outcomes;
    this.#shutdown = new Shutdown(options.grace, () => void this.#close());
    this.#entries = new ReadAhead(
      plan(sources, {
        layout,
        template: options.name,
        checksums: options.checksums,
        directory,
        requests,
        tellNamed: answersName(options),
        progress: this.#progress,
      }),
      (entries) => (this.#resources.resumption as Resumption).filter.admit(entries),
      journal ? AHEAD : 0,
    );
    // With threads a request is a thread.
    const wanted = executor === 'threads' ? Math.min(maxRequests, MAX_WORKERS) : maxRequests;
    const shares = shareFiles();
    const slots = Math.min(wanted, executor === 'threads' ? shares.threads : shares.requests);
    if (slots < wanted) this.fewer = { requests: slots, files: shares.limit };
    this.#watchdog = new StallWatchdog(options, options.maxTime);
    const throttle = throttleOf(options);
    const scheduler = new Scheduler(slots, options, this.#watchdog, throttle, () => this.#pump());
    this.#scheduler = scheduler;
    const run: Run = {
      stages: () => this.#resources.stages,
      isStopping: () => this.#shutdown.isStopping,
      hasEnded: () => this.#ended !== undefined,
      goOn: () => this.#pump(),
      stop: (error) => this.#stop(error),
    };
    this.#items = new Items(run, scheduler, this.#outcomes, observer);
    const { maxWhole } = scheduler.inFlight;
    this.#resources = new Resources({
      sources,
      options,
      claim,
      rules: {
        maxWhole,
        maxBodySize,
        strict,
        watchdog: this.#watchdog,
        tellsEach: limitsRequests(options) || options.respectRobots,
        disallowing: disallowingOf(options),
        throttle,
      },
      scheduler,
      shutdown: this.#shutdown,
      outcomes: this.#outcomes,
      maxIdle: shares.idle,
      openLists: () => this.#entries.prime(),
      isLone: () => this.#progress.isAtMost(1),
    });
  }

  /** Whether the lists could be opened and the destination written to. */
  get begun(): boolean {
    return this.#resources.begun;
  }

  /** The account of the run so far; whole when the iteration has ended. */
  get summary(): Summary {
    const { waiting, running } = this.#scheduler.inFlight;
    const elapsed = ((this.#ended ?? performance.now()) - this.#started) / 1000;
    const { total } = this.#progress;
    return { ...this.#outcomes.tally.counts, waiting, running, total, elapsed, verdict: this.#sampling?.verdict };
  }

  /** Bytes of bodies so far: of stored files, of what is to be stored, and of what is coming. */
  get received(): number {
    return this.#outcomes.tally.bytes + this.#scheduler.inFlight.fetched + this.#watchdog.received;
  }

  /** Milliseconds that the storage took for each, of all writers in all; undefined before the run has begun. */
  get operations(): Readonly<Record<Operation, number>> | undefined {
    return this.#sampling?.operations;
  }

  /** What was measured of the run, for who watches it; undefined before it has begun. */
  get measured(): Omit<Sampling, 'stop'> | undefined {
    return this.#sampling;
  }

  /** The same as {@link batches}, one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Outcome, void, undefined> {
    for await (const batch of this.batches()) for (const outcome of batch) yield outcome;
  }

  /**
   * Starts the run; outcomes come as items complete, those that are there together: a wait for each one costs as much as the
   * outcome. Ends after the last one, with the error that stopped the run if one did. A reader that leaves early stops the run.
   */
  async *batches(): AsyncGenerator<readonly Outcome[], void, undefined> {
    const { signal } = this.#options;
    const interrupt = (): void =>
      this.#stop(new SluiceError('ABORTED', INTERRUPTED.message, { hint: INTERRUPTED.hint, cause: signal?.reason }));
    guardAgainstStandstill(this.#standStill);
    try {
      signal?.addEventListener('abort', interrupt);
      if (signal?.aborted === true) interrupt();
      // Whatever it waits for, a list that nobody writes or a storage that hangs: an interruption does not.
      else await Promise.race([this.#open(), this.#shutdown.stopped]);
      this.#pump();
      for (;;) {
        const before = this.#outcomes.unread;
        const batch = await this.#outcomes.nextSome(MAX_BATCH);
        if (batch.length === 0) break;
        yield batch;
        // When nothing is in flight any more, only the reader can set the run going again.
        if (before > MAX_WAITING / 2) this.#pump();
      }
    } finally {
      signal?.removeEventListener('abort', interrupt);
      this.#stop(undefined);
      await this.#close();
      unguard(this.#standStill);
    }
    if (this.#shutdown.error !== undefined) throw this.#shutdown.error;
  }

  async #open(): Promise<void> {
    await this.#resources.open(this.#items);
    if (this.#shutdown.isStopping) return;
    const { layout, executor, maxRequests } = this.#options;
    const most = executor === 'threads' ? MAX_WORKERS : MAX_REQUESTS;
    const mayBeMore = maxRequests !== 'auto' && maxRequests < most;
    const setting = { layout, executor, moreRequests: this.fewer === undefined && mayBeMore };
    this.#sampling = this.#resources.stages?.sample(setting, () => this.#sample());
  }

  /** Begins items while the semaphore, the budget and the reader of the outcomes allow it. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#shutdown.isStopping && this.#outcomes.unread < MAX_WAITING && this.#scheduler.hasRoom) {
      const due = this.#scheduler.takeDue();
      if (due !== undefined) {
        this.#items.begin(due);
        continue;
      }
      if (this.#scheduler.timed >= MAX_WAITING || this.#scheduler.waiting >= MAX_PARKED) break;
      const entry = this.#entries.first;
      const isIdle = entry === undefined;
      if (this.#scheduler.bringUpDeferred(isIdle, isIdle && this.#entries.ended)) continue;
      if (entry === undefined) {
        this.#planMore();
        break;
      }
      this.#entries.dropFirst();
      if (entry.kind === 'item') this.#items.begin(workFor(entry.item, this.#options.maxTime));
      else this.#outcomes.passedOver(entry);
    }
    if (!this.#shutdown.isStopping && (this.#scheduler.isDue || !this.#entries.ended)) this.#scheduler.hurry();
    this.#pumping = false;
    this.#finishIfDone();
  }

  #planMore(): void {
    if (this.#planning || this.#entries.ended) return;
    this.#planning = true;
    this.#entries
      .load()
      .catch((error: unknown) => {
        const failed = { hint: 'see the cause', cause: error };
        this.#stop(error instanceof SluiceError ? error : new SluiceError('INTERNAL', 'the list failed', failed));
      })
      .finally(() => {
        this.#planning = false;
        this.#pump();
      });
  }

  /** Stores no more of what is fetched, and waits no longer than it must. For a run that was stopped. */
  leave(): void {
    this.#shutdown.leave();
  }

  /**
   * Nothing is left that could wake this process, and it would end as if all were well. That is a fault, of this program
   * or of an iterable that never goes on, and nobody may take it for the end of the run. What does not end after that
   * either is not waited for.
   */
  readonly #standStill = (): void => {
    if (this.#shutdown.isStopping) {
      this.#shutdown.abandon();
      return;
    }
    const message = 'the run came to a standstill before it was done: nothing more would have happened';
    const hint = 'run the same command again to go on, and report this: it is a fault';
    this.#stop(new SluiceError('INTERNAL', message, { hint }));
  };

  /** Begins nothing more, and ends what is in flight: fetches at once, the store within its grace. */
  #stop(error: SluiceError | undefined): void {
    if (!this.#shutdown.stop(error)) return;
    this.#scheduler.clear();
    for (const { attempt } of this.#scheduler.inFlight.works()) attempt?.cancel(INTERRUPTED);
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    const { unwritten, written } = this.#scheduler.inFlight;
    if (unwritten > 0 || this.#outcomes.unsynced > 0) return;
    if (!this.#exhausted && !this.#shutdown.isStopping) return;
    if (written > 0) this.#resources.stages?.seal(!this.#shutdown.isStopping);
    else void this.#close();
  }

  /** Nothing is left to request but what is in flight. */
  get #exhausted(): boolean {
    return this.#entries.ended && this.#scheduler.waiting === 0;
  }

  #sample(): RunSample {
    const { hasSlot, hasMemory, running, answered } = this.#scheduler.inFlight;
    const exhausted = this.#exhausted;
    return {
      running,
      answered,
      exhausted,
      atLimit: !hasSlot,
      refused: hasSlot && !hasMemory && !exhausted,
      starved: hasSlot && this.#entries.loading && !this.#scheduler.isDue,
      unread: this.#outcomes.unread >= MAX_WAITING,
      again: this.#scheduler.waiting,
      heldBy: this.#scheduler.heldBy,
    };
  }

  /** Once: waits for the store, frees everything, and ends the outcomes. */
  #close(): Promise<void> {
    this.#closing ??= this.#doClose();
    return this.#closing;
  }

  async #doClose(): Promise<void> {
    await this.#resources.close(
      () => !this.#shutdown.isStopping && this.#exhausted,
      () => {
        this.#sampling?.stop();
        this.#watchdog.stop();
        this.#scheduler.clear();
        this.#ended = performance.now();
        this.#entries.close();
      },
    );
    this.#outcomes.close();
  }
}
