/**
 * The pipeline: plan -> scheduler -> fetch -> executor -> outcome. The one place that knows the order of the stages, and it
 * does nothing else.
 */
import { type PlainError, SluiceError, type StorageError } from '../errors.js';
import type { AttemptFailure } from '../fetch/failure.js';
import { RequestHeaders } from '../fetch/headers.js';
import type { Redirected } from '../fetch/redirect.js';
import { StallWatchdog } from '../fetch/stall-watchdog.js';
import type { Entry, Item } from '../item.js';
import type { Admitted } from '../journal/resume-filter.js';
import type { Source } from '../lists/source.js';
import { MAX_REQUESTS, MAX_WORKERS } from '../options/limits.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Outcome, Summary } from '../outcome.js';
import { plan } from '../plan/plan.js';
import { ReadAhead } from '../plan/read-ahead.js';
import { isStored, type StoreResult } from '../protocol/result.js';
import type { Operation } from '../protocol/times.js';
import { isFetchedAgain, Scheduler } from '../schedule/scheduler.js';
import { type Work, workFor } from '../schedule/work.js';
import { shareFiles } from '../shared/file-limit.js';
import { guardAgainstStandstill, unguard } from '../shared/standstill.js';
import { Outcomes } from './outcomes.js';
import { Resources } from './resources.js';
import type { Resumption, ResumptionListener } from './resume.js';
import { Shutdown } from './shutdown.js';
import type { RunSample, Sampling, StageListener } from './stages.js';
import { StorageHealth } from './storage-health.js';

/** Outcomes that may wait for whoever reads them, and items for their next try, before no new item is begun. */
const MAX_WAITING = 4096;
/** Milliseconds until an item is looked at again whose last attempt is still being written to its end. */
const UNTIL_LEFT = 50;
/** Items that are begun in the journal before they are: so that none waits for it. */
const AHEAD = 1024;

const INTERRUPTED: PlainError = {
  code: 'ABORTED',
  message: 'the run was interrupted',
  hint: 'run the same command again to go on',
};

/** Told of the steps of each item, for who measures a run. */
export interface Observer {
  /** @param ago milliseconds since its last byte was there: 0 but for threads, which tell when they have stored it */
  onFetched(item: Item, ago: number): void;
  onStored(item: Item): void;
}

export class Download implements StageListener, ResumptionListener {
  readonly #options: ResolvedOptions;
  readonly #observer: Observer | undefined;
  readonly #entries: ReadAhead<Entry, Admitted>;
  readonly #scheduler: Scheduler;
  readonly #watchdog: StallWatchdog;
  readonly #resources: Resources;
  readonly #outcomes: Outcomes;
  readonly #health = new StorageHealth();
  readonly #shutdown: Shutdown;
  readonly #started = performance.now();

  #sampling: Sampling | undefined;
  #pumping = false;
  #planning = false;
  #closing: Promise<void> | undefined;
  #ended: number | undefined;

  /** How many requests run at once and how many files may be open, where that is what makes them fewer than asked for. */
  readonly fewer: { readonly requests: number; readonly files: number } | undefined;

  constructor(sources: readonly Source[], options: ResolvedOptions, observer?: Observer) {
    const { layout, journal, directory, executor, maxRequests, maxBodySize, strict } = options;
    this.#options = options;
    this.#observer = observer;
    this.#outcomes = new Outcomes(directory, () => this.#pump());
    this.#shutdown = new Shutdown(options.grace, () => void this.#close());
    this.#entries = new ReadAhead(
      plan(sources, layout),
      (entries) => (this.#resources.resumption as Resumption).filter.admit(entries),
      journal ? AHEAD : 0,
    );
    // With threads a request is a thread.
    const wanted = executor === 'threads' ? Math.min(maxRequests, MAX_WORKERS) : maxRequests;
    const shares = shareFiles();
    const requests = Math.min(wanted, executor === 'threads' ? shares.threads : shares.requests);
    if (requests < wanted) this.fewer = { requests, files: shares.limit };
    this.#watchdog = new StallWatchdog(options, options.maxTime);
    const scheduler = new Scheduler(requests, options, this.#watchdog, () => this.#pump());
    this.#scheduler = scheduler;
    const { maxWhole } = scheduler.inFlight;
    const headers = new RequestHeaders(options.headers);
    this.#resources = new Resources({
      sources,
      options,
      rules: { headers, maxWhole, maxBodySize, strict, watchdog: this.#watchdog },
      scheduler,
      shutdown: this.#shutdown,
      outcomes: this.#outcomes,
      maxIdle: shares.idle,
      openLists: () => this.#entries.prime(),
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
    return { ...this.#outcomes.tally.counts, waiting, running, elapsed, verdict: this.#sampling?.verdict };
  }

  /** Milliseconds that the storage took for each, of all writers in all; undefined before the run has begun. */
  get operations(): Readonly<Record<Operation, number>> | undefined {
    return this.#sampling?.operations;
  }

  /**
   * Starts the run; outcomes come as items complete. Ends after the last one, with the error that stopped the run if
   * one did. A reader that leaves early stops the run.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Outcome, void, undefined> {
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
      for await (const outcome of this.#outcomes) {
        yield outcome;
        // When nothing is in flight any more, only the reader can set the run going again.
        if (this.#outcomes.unread === MAX_WAITING / 2) this.#pump();
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
    await this.#resources.open(this);
    if (this.#shutdown.isStopping) return;
    const { layout, executor, maxRequests } = this.#options;
    const most = executor === 'threads' ? MAX_WORKERS : MAX_REQUESTS;
    const setting = { layout, executor, moreRequests: this.fewer === undefined && maxRequests < most };
    this.#sampling = this.#resources.stages?.sample(setting, () => this.#sample());
  }

  /** Begins items while the semaphore, the budget and the reader of the outcomes allow it. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#shutdown.isStopping && this.#outcomes.unread < MAX_WAITING && this.#scheduler.hasRoom) {
      const due = this.#scheduler.takeDue();
      if (due !== undefined) {
        this.#begin(due);
        continue;
      }
      if (this.#scheduler.timed >= MAX_WAITING) break;
      const entry = this.#entries.first;
      if (entry === undefined) {
        this.#planMore();
        break;
      }
      this.#entries.dropFirst();
      if (entry.kind === 'item') this.#begin(workFor(entry.item, this.#options.maxTime));
      else this.#outcomes.passedOver(entry);
    }
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

  /** Begins an item unless it has to wait. */
  #begin(work: Work): void {
    if (this.#resources.stages?.isBusy(work.item) === true) {
      this.#scheduler.later(work, UNTIL_LEFT);
      return;
    }
    const permit = this.#scheduler.begin(work);
    if (permit === true) this.#request(work);
    else if (permit !== false) this.#fail(work.item, permit);
  }

  #request(work: Work): void {
    const { redirected } = work;
    // A next try begins where the item lies.
    work.redirected = undefined;
    this.#resources.stages?.start(work, redirected);
  }

  onThere(count: number): void {
    this.#outcomes.tally.skip(count);
  }

  /** The journal cannot be written any more. */
  onJournalFailure(error: StorageError): void {
    this.#stop(error);
  }

  onAnswer(item: Item, status: number): void {
    this.#scheduler.answered(item, status);
  }

  onRedirect(item: Item, to: Redirected): void {
    const work = this.#scheduler.inFlight.of(item);
    const permit = this.#scheduler.redirected(item, to);
    if (permit === true) {
      this.#request(work);
      return;
    }
    if (permit !== false) this.#fail(item, permit);
    this.#pump();
  }

  onUnproven(item: Item): void {
    this.#scheduler.inFlight.of(item).unproven = true;
  }

  onFetched(item: Item, length: number | undefined, ago: number): void {
    this.#scheduler.fetched(item, length);
    this.#observer?.onFetched(item, ago);
  }

  onRoom(): void {
    this.#pump();
  }

  onNotFound(item: Item, status: number): void {
    this.#scheduler.ended(item);
    const message = `the server answered ${status}`;
    this.#fail(item, { code: 'HTTP_STATUS', message, hint: 'check the URL' }, 'not_found');
    this.#pump();
  }

  onFailure(item: Item, failure: AttemptFailure): void {
    const work = this.#scheduler.ended(item, failure);
    if (this.#shutdown.isStopping) {
      this.#finishIfDone();
      return;
    }
    if (failure.error.code === 'BODY_EXCESS') this.#resources.stages?.forget(item);
    if (failure.error.code === 'NET_TOO_MANY_OPEN') {
      this.#doFewer();
      // Free of charge as long as others run, which will give back what they hold.
      if (this.#scheduler.inFlight.running > 0) work.tried -= 1;
    }
    this.#retryOrFail(work, failure);
    this.#pump();
  }

  onWritten(item: Item): void {
    if (this.#ended !== undefined) return;
    this.#scheduler.written(item);
    this.#pump();
  }

  onStored(item: Item, result: StoreResult): void {
    if (this.#ended !== undefined) return;
    const { attempt } = this.#scheduler.inFlight.of(item);
    if (attempt !== undefined && !isStored(result)) {
      // The store failed before the body was whole: nothing takes the rest, so the fetch fails with it.
      attempt.cancel(result);
      this.#judgeStorage(result);
      return;
    }
    const work = this.#scheduler.settled(item);
    if (isStored(result)) {
      this.#health.stored();
      this.#resources.stages?.forget(item);
      this.#observer?.onStored(item);
      this.#outcomes.stored(item, result, work.unproven);
    } else if (isFetchedAgain(result)) {
      if (result.code === 'STORE_CROWDED') this.#doFewer();
      // After a stop it is like a fetch that was ended: what becomes of it, the next run will tell.
      if (!this.#shutdown.isStopping) this.#retryOrFail(work, { error: result });
    } else if (result.code !== 'ABORTED') {
      this.#fail(item, result);
      this.#judgeStorage(result);
    }
    this.#pump();
  }

  #retryOrFail(work: Work, failure: AttemptFailure): void {
    if (!this.#scheduler.again(work, failure)) this.#fail(work.item, failure.error);
  }

  #fail(item: Item, error: PlainError, status?: 'not_found'): void {
    this.#resources.stages?.forget(item);
    this.#outcomes.failed(item, error, status);
  }

  /** The process has too many files open. */
  #doFewer(): void {
    this.#scheduler.shrink();
    this.#resources.stages?.keepFew();
  }

  #judgeStorage(error: PlainError): void {
    const fatal = this.#health.failed(error);
    if (fatal !== undefined) this.#stop(fatal);
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
    if (written > 0) this.#resources.stages?.seal();
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
        this.#ended = performance.now();
        this.#entries.close();
      },
    );
    this.#outcomes.close();
  }
}
