/**
 * The pipeline: plan -> semaphore and budget -> fetch -> executor -> outcome. The one place that knows the order of the
 * stages, and it does nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, type PlainError, SluiceError, StorageError } from '../errors.js';
import type { Executor } from '../executor/executor.js';
import type { BodyWriter } from '../body.js';
import { Pauses } from '../executor/pauses.js';
import type { ThreadDownloads } from '../executor/threads.js';
import { Attempt, type AttemptListener, type AttemptRules } from '../fetch/attempt.js';
import type { Connections } from '../fetch/client.js';
import { Pace } from '../fetch/stall-watchdog.js';
import { RequestHeaders } from '../fetch/headers.js';
import type { Redirected } from '../fetch/redirect.js';
import type { AttemptFailure } from '../fetch/failure.js';
import { Destination } from '../destination/destination.js';
import { bootId } from '../journal/boot.js';
import type { Admitted } from '../journal/resume-filter.js';
import { Partials } from '../destination/partial-files.js';
import { resume, type Resumption } from './resume.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { MAX_REQUESTS, MAX_WORKERS } from '../options/limits.js';
import { shareFiles } from '../shared/file-limit.js';
import { plan } from '../plan/plan.js';
import type { Source } from '../lists/source.js';
import type { Entry, Item } from '../item.js';
import { Feed } from '../plan/read-ahead.js';
import { Outcomes } from './outcomes.js';
import type { Operation } from '../protocol/times.js';
import { isStored, type Kept, type StoreResult, type Whole } from '../protocol/result.js';
import type { Outcome, Summary } from '../outcome.js';
import { openStages, preload, type StageListener } from './stages.js';
import { guardAgainstStandstill, unguard } from '../shared/standstill.js';
import { isFetchedAgain, Turns } from '../schedule/scheduler.js';
import { UnderWay, type Work, workFor } from '../schedule/in-flight.js';
import { Watch } from '../verdict/sampler.js';
import { type Look, type StagesLook, StagesWitness } from '../verdict/detector.js';
import { type ThreadsLook, ThreadsWitness } from '../verdict/threads-detector.js';
import { simulate } from '../../workers/slow.js';

/** Outcomes that may wait for whoever reads them, and items for their next try, before no new item is begun. */
const MAX_WAITING = 4096;
/**
 * Milliseconds for which a run that stores no more waits for what is being stored. One that was interrupted was asked to
 * be quick; one that the storage stopped was not.
 */
const PATIENCE = { interrupted: 1_500, stopped: 5_000 };
/**
 * Milliseconds in which a run that did not get so far may still remove what is unfinished, and one that was stopped while
 * it began may close what it opened.
 */
const CLEANING = 500;
/** Milliseconds until an item is looked at again whose last attempt is still being written to its end. */
const UNTIL_LEFT = 50;
/** Items that are begun in the journal before they are: so that none waits for it. */
const AHEAD = 1024;
/** Failures of the storage, one after the other, that end the run: the next file will not fare better. */
const MAX_STORE_FAILURES = 10;

/** What ends the run at once: no file will fare better. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['STORE_FULL', 'STORE_READ_ONLY', 'STORE_SYNC']);

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

export class Download implements StageListener {
  readonly #options: ResolvedOptions;
  readonly #sources: readonly Source[];
  readonly #observer: Observer | undefined;
  readonly #entries: Feed<Entry, Admitted>;
  readonly #outcomes: Outcomes;
  readonly #underWay: UnderWay;
  readonly #rules: AttemptRules;
  readonly #turns: Turns;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(4));
  readonly #started = performance.now();

  #destination: Destination | undefined;
  #resumption: Resumption | undefined;
  /** Of bodies that have files of their own, and come through the main thread. */
  #partials: Partials | undefined;
  #executor: Executor | undefined;
  #connections: Connections | undefined;
  /** Instead of attempts and an executor, where each worker downloads and stores by itself. */
  #threads: ThreadDownloads | undefined;
  readonly #pauses = new Pauses();
  #watch: Watch<StagesLook> | Watch<ThreadsLook> | undefined;
  #pumping = false;
  #planning = false;
  #storeFailures = 0;
  #lastStoreFailure: PlainError | undefined;
  /** Settles when all that is needed is open, or as much as was when the run was stopped. */
  #starting: Promise<void> | undefined;
  #stopping = false;
  #onStop = (): void => undefined;
  readonly #stopped = new Promise<void>((resolve) => {
    this.#onStop = resolve;
  });
  #fatal: SluiceError | undefined;
  #closing: Promise<void> | undefined;
  #abandon = (): void => undefined;
  /** What is being stored will not come to an end: the storage holds it up. */
  readonly #abandoned = new Promise<void>((resolve) => {
    this.#abandon = resolve;
  });
  #ended: number | undefined;

  /** How many requests run at once and how many files may be open, where that is what makes them fewer than asked for. */
  readonly fewer: { readonly requests: number; readonly files: number } | undefined;
  readonly #maxIdle: number;

  /** Only where headers are kept. */
  onHeaders: AttemptListener['onHeaders'];

  constructor(sources: readonly Source[], options: ResolvedOptions, observer?: Observer) {
    this.#options = options;
    this.#observer = observer;
    this.#sources = sources;
    this.#outcomes = new Outcomes(options.directory, () => this.#pump());
    this.#entries = new Feed(
      plan(sources, options.layout),
      (entries) => (this.#resumption as Resumption).admission.admit(entries),
      options.journal ? AHEAD : 0,
    );
    const { executor, maxRequests } = options;
    // With threads a request is a thread.
    const wanted = executor === 'threads' ? Math.min(maxRequests, MAX_WORKERS) : maxRequests;
    const shares = shareFiles();
    this.#maxIdle = shares.idle;
    const requests = Math.min(wanted, executor === 'threads' ? shares.threads : shares.requests);
    if (requests < wanted) this.fewer = { requests, files: shares.limit };
    this.#underWay = new UnderWay(requests, options.memory);
    const { maxWhole } = this.#underWay;
    const pace = new Pace(options, options.maxTime);
    this.#turns = new Turns(options, pace, () => this.#pump());
    const { strict, maxBodySize } = options;
    this.#rules = { headers: new RequestHeaders(options.headers), maxWhole, maxBodySize, strict, pace };
  }

  /** Whether the lists could be opened and the destination written to. */
  get begun(): boolean {
    return this.#destination !== undefined;
  }

  /** The account of the run so far; whole when the iteration has ended. */
  get summary(): Summary {
    const { ok, unproven, notFound, errors, skipped, duplicates, bytes, causes } = this.#outcomes.tally;
    return {
      ok,
      unproven,
      notFound,
      errors,
      skipped,
      duplicates,
      bytes,
      waiting: this.#underWay.waiting,
      running: this.#underWay.running,
      elapsed: ((this.#ended ?? performance.now()) - this.#started) / 1000,
      causes: { ...causes },
      verdict: this.#watch?.verdict,
    };
  }

  /** Milliseconds that the storage took for each, of all writers in all; undefined before the run has begun. */
  get operations(): Readonly<Record<Operation, number>> | undefined {
    return this.#watch?.operations;
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
      else await Promise.race([this.#open(), this.#stopped]);
      this.#pump();
      for await (const outcome of this.#outcomes) {
        yield outcome;
        // When nothing is under way any more, only the reader can set the run going again.
        if (this.#outcomes.unread === MAX_WAITING / 2) this.#pump();
      }
    } finally {
      signal?.removeEventListener('abort', interrupt);
      this.#stop(undefined);
      await this.#close();
      unguard(this.#standStill);
    }
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  async #open(): Promise<void> {
    this.#starting = this.#start();
    try {
      await this.#starting;
    } finally {
      this.#starting = undefined;
    }
    if (!this.#stopping) this.#watch = this.#beginWatch();
  }

  /** Opens the lists before it makes the destination: bad input leaves nothing half-done. */
  async #start(): Promise<void> {
    // While lists are opened and the destination is made, which on slow storage takes a while.
    preload(this.#options);
    await Promise.race([this.#entries.prime(), this.#stopped]);
    if (this.#stopping) return;
    const { layout, imageCheck, maxBodySize, simulatedLatency, durable } = this.#options;
    this.#destination = await Destination.open(this.#options.directory, durable);
    if (this.#stopping) return;
    this.#resumption = await resume(this.#destination, this.#sources, this.#options, {
      onThere: (count) => {
        this.#outcomes.tally.skipped += count;
      },
      onFailure: (error) => this.#stop(error),
    });
    const { journal, firstShard } = this.#resumption;
    this.#outcomes.writeTo(journal, durable);
    if (this.#stopping) return;
    const { directory, scratch } = this.#destination;
    const cancelled = this.#cancelled;
    const slow = simulate(simulatedLatency);
    const settings = { directory, scratch, layout, imageCheck, maxBodySize, slow, durable, cancelled };
    const { maxRequests } = this.#underWay;
    const [options, rules, maxIdle] = [this.#options, this.#rules, this.#maxIdle];
    const stages = await openStages({ options, settings, rules, maxRequests, maxIdle, firstShard }, this);
    if (stages.kind === 'threads') {
      this.#threads = stages.threads;
    } else {
      this.#connections = stages.connections;
      this.#executor = stages.executor;
      this.onHeaders = stages.onHeaders;
      if (layout !== 'tar') this.#partials = await Partials.open(this.#destination.own, await bootId());
    }
  }

  /** Begins items while the semaphore, the budget and the reader of the outcomes allow it. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#stopping && this.#outcomes.unread < MAX_WAITING && this.#hasRoom) {
      const again = this.#turns.first;
      if (again !== undefined) {
        this.#turns.dropFirst();
        this.#admit(again);
        continue;
      }
      if (this.#turns.timed >= MAX_WAITING) break;
      const entry = this.#entries.first;
      if (entry === undefined) {
        this.#planMore();
        break;
      }
      this.#entries.dropFirst();
      if (entry.kind === 'item') this.#admit(workFor(entry.item, this.#options.maxTime));
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

  get #hasRoom(): boolean {
    return this.#underWay.hasSlot && this.#underWay.hasMemory;
  }

  /** Begins an item unless it has to wait for its server. */
  #admit(work: Work): void {
    if (this.#partials?.isBusy(work.item) === true) {
      this.#turns.later(work, UNTIL_LEFT);
      return;
    }
    const admission = this.#turns.enter(work);
    if (admission === true) this.#begin(work);
    else if (admission !== false) this.#fail(work.item, admission);
  }

  #begin(work: Work): void {
    this.#underWay.begin(work);
    this.#request(work);
  }

  #request(work: Work): void {
    const { item, redirected } = work;
    // A next try begins where the item lies.
    work.redirected = undefined;
    if (this.#connections !== undefined) {
      const kept = this.#partials?.of(item);
      const attempt = new Attempt(item, work, this.#connections, this.#rules, this, kept, redirected);
      work.attempt = attempt;
      attempt.start();
    } else {
      work.attempt = this.#threads?.start(item, work, redirected);
    }
  }

  onAnswer(item: Item, status: number): void {
    this.#turns.answered(this.#underWay.answer(item), status);
  }

  /** The item keeps its slot and its bytes, unless it has to wait for the other server. */
  onRedirect(item: Item, to: Redirected): void {
    const work = this.#underWay.of(item);
    this.#turns.left(work);
    work.redirected = to;
    const admission = this.#turns.enter(work);
    if (admission === true) {
      this.#request(work);
      return;
    }
    this.#underWay.drop(item);
    // It is still the same try when it comes up.
    work.tried -= 1;
    if (admission !== false) this.#fail(item, admission);
    this.#pump();
  }

  onUnproven(item: Item): void {
    this.#underWay.of(item).unproven = true;
  }

  onBody(item: Item, chunks: readonly Uint8Array[], length: number, encoding: string): void {
    this.#turns.left(this.#underWay.fetch(item, length));
    this.#observer?.onFetched(item, 0);
    this.#executor?.store({ item, chunks, length, encoding, suspect: this.#underWay.of(item).suspect });
    this.#pump();
  }

  openLarge(item: Item, encoding: string, onRoom: () => void, whole?: Whole | Kept): BodyWriter {
    const executor = this.#executor as Executor;
    const lease = this.#underWay.enlarge(item);
    const partial = whole && this.#partials?.begin(item, whole);
    const onLeft = (): void => {
      partial?.onLeft();
      this.#underWay.leave(lease);
      this.#pump();
    };
    return this.#pauses.counted(
      (onCounted) => executor.storeLarge(item, encoding, lease.bytes, { onRoom: onCounted, onLeft }, partial?.job),
      onRoom,
    );
  }

  onLarge(item: Item, ago = 0): void {
    this.#turns.left(this.#underWay.fetch(item));
    this.#observer?.onFetched(item, ago);
    this.#pump();
  }

  onNotFound(item: Item, status: number): void {
    this.#turns.left(this.#underWay.drop(item));
    const message = `the server answered ${status}`;
    this.#fail(item, { code: 'HTTP_STATUS', message, hint: 'check the URL' }, 'not_found');
    this.#pump();
  }

  onFailure(item: Item, failure: AttemptFailure): void {
    const work = this.#underWay.drop(item);
    this.#turns.left(work, failure);
    if (this.#stopping) {
      this.#finishIfDone();
      return;
    }
    if (failure.error.code === 'BODY_EXCESS') this.#partials?.forget(item);
    if (failure.error.code === 'NET_TOO_MANY_OPEN') {
      this.#doFewer();
      // Free of charge as long as others run, which will give back what they hold.
      if (this.#underWay.running > 0) work.tried -= 1;
    }
    this.#retryOrFail(work, failure);
    this.#pump();
  }

  #retryOrFail(work: Work, failure: AttemptFailure): void {
    if (!this.#turns.again(work, failure)) this.#fail(work.item, failure.error);
  }

  readonly onWritten = (item: Item): void => {
    if (this.#ended !== undefined) return;
    this.#underWay.write(item);
    this.#pump();
  };

  readonly onStored = (item: Item, result: StoreResult): void => {
    if (this.#ended !== undefined) return;
    const { attempt } = this.#underWay.of(item);
    if (attempt !== undefined && !isStored(result)) {
      // The store failed before the body was whole: nothing takes the rest, so the fetch fails with it.
      attempt.cancel(result);
      this.#judgeStorage(result);
      return;
    }
    const work = this.#underWay.settle(item);
    if (isStored(result)) {
      this.#storeFailures = 0;
      this.#partials?.forget(item);
      this.#observer?.onStored(item);
      this.#outcomes.stored(item, result, work.unproven);
    } else if (isFetchedAgain(result)) {
      if (result.code === 'STORE_CROWDED') this.#doFewer();
      // After a stop it is like a fetch that was ended: what becomes of it, the next run will tell.
      if (!this.#stopping) this.#retryOrFail(work, { error: result });
    } else if (result.code !== 'ABORTED') {
      this.#fail(item, result);
      this.#judgeStorage(result);
    }
    this.#pump();
  };

  /** The process has too many files open. */
  #doFewer(): void {
    this.#underWay.shrink();
    this.#connections?.keepFew();
  }

  /** A full or read-only file system ends the run, and so does one that fails to sync, or fails again and again. */
  #judgeStorage(error: PlainError): void {
    if (!error.code.startsWith('STORE_') || error.code === 'STORE_EXISTS' || error.code === 'STORE_CROWDED') return;
    // A shard that fails is one failure of the storage, however many items are in it.
    if (error === this.#lastStoreFailure) return;
    this.#lastStoreFailure = error;
    this.#storeFailures += 1;
    if (HOPELESS.has(error.code) || this.#storeFailures >= MAX_STORE_FAILURES) this.#stop(new StorageError(error));
  }

  #fail(item: Item, error: PlainError, status?: 'not_found'): void {
    this.#partials?.forget(item);
    this.#outcomes.failed(item, error, status);
  }

  /** Stores no more of what is fetched, and waits no longer than it must. For a run that was stopped. */
  leave(): void {
    Atomics.store(this.#cancelled, 0, 1);
    const patience = this.#fatal?.code === 'ABORTED' ? PATIENCE.interrupted : PATIENCE.stopped;
    setTimeout(() => {
      this.#abandon();
      void this.#close();
    }, patience).unref();
  }

  /**
   * Nothing is left that could wake this process, and it would end as if all were well. That is a fault, of this program
   * or of an iterable that never goes on, and nobody may take it for the end of the run. What does not end after that
   * either is not waited for.
   */
  readonly #standStill = (): void => {
    if (this.#stopping) {
      this.#abandon();
      return;
    }
    const message = 'the run came to a standstill before it was done: nothing more would have happened';
    const hint = 'run the same command again to go on, and report this: it is a fault';
    this.#stop(new SluiceError('INTERNAL', message, { hint }));
  };

  /** Begins nothing more, and ends what is under way: fetches at once, the store within its grace. */
  #stop(error: SluiceError | undefined): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#onStop();
    this.#fatal = error;
    this.#turns.clear();
    for (const { attempt } of this.#underWay.works()) attempt?.cancel(INTERRUPTED);
    const grace = error?.code === 'ABORTED' ? this.#options.grace : 0;
    if (grace < Infinity) setTimeout(() => this.leave(), grace).unref();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#underWay.unwritten > 0 || this.#outcomes.unsynced > 0) return;
    if (!this.#exhausted && !this.#stopping) return;
    if (this.#underWay.written > 0) this.#executor?.seal?.();
    else void this.#close();
  }

  /** Nothing is left to request but what is under way. */
  get #exhausted(): boolean {
    return this.#entries.ended && this.#turns.size === 0;
  }

  #beginWatch(): Watch<StagesLook> | Watch<ThreadsLook> {
    const { layout, executor, maxRequests } = this.#options;
    const most = executor === 'threads' ? MAX_WORKERS : MAX_REQUESTS;
    const setting = { layout, executor, moreRequests: this.fewer === undefined && maxRequests < most };
    const threads = this.#threads;
    return threads === undefined
      ? new Watch(new StagesWitness(setting), () => this.#lookAtStages())
      : new Watch(new ThreadsWitness(setting), () => this.#lookAtThreads(threads));
  }

  #lookAtStages(): StagesLook {
    const { running, answered } = this.#underWay;
    const load = (this.#executor as Executor).takeLoad();
    return {
      ...this.#look(),
      load: { ...load, waiting: load.waiting + this.#pauses.count },
      onlyStore: running === 0 && this.#exhausted,
      requests: { asked: running - answered, answered },
    };
  }

  #lookAtThreads(threads: ThreadDownloads): ThreadsLook {
    return { ...this.#look(), load: { times: threads.takeTimes() }, running: this.#underWay.running };
  }

  #look(): Omit<Look, 'load'> {
    const { hasSlot, hasMemory } = this.#underWay;
    return {
      atLimit: !hasSlot,
      refused: hasSlot && !hasMemory && !this.#exhausted,
      starved: hasSlot && this.#entries.loading && this.#turns.first === undefined,
      unread: this.#outcomes.unread >= MAX_WAITING,
      again: this.#turns.size,
    };
  }

  /** Once: waits for the store, frees everything, and ends the outcomes. */
  #close(): Promise<void> {
    this.#closing ??= this.#starting === undefined ? this.#doClose() : this.#closeEarly(this.#starting);
    return this.#closing;
  }

  /** What is being opened is closed when it is open. Nobody waits long for that: the storage may hang. */
  async #closeEarly(starting: Promise<void>): Promise<void> {
    const started = starting.catch(() => undefined);
    const closed = started.then(() => this.#doClose());
    await Promise.race([started, sleep(CLEANING)]);
    if (this.#starting === undefined) await closed;
    this.#outcomes.close();
  }

  async #doClose(): Promise<void> {
    await Promise.race([this.#abandoned, this.#executor?.close()]);
    await Promise.race([this.#abandoned, this.#threads?.close()]);
    const ending = this.#fatal && { error: { code: this.#fatal.code, message: this.#fatal.message } };
    const complete = !this.#stopping && this.#exhausted;
    const end = { complete, ended: new Date().toISOString(), ...ending };
    await Promise.race([this.#abandoned, this.#partials?.close(complete)]);
    await Promise.race([this.#abandoned, this.#resumption?.journal?.close(end)]);
    this.#watch?.stop();
    this.#rules.pace.stop();
    this.#ended = performance.now();
    await this.#connections?.destroy();
    this.#entries.close();
    await Promise.race([this.#abandoned.then(() => sleep(CLEANING)), this.#destination?.close()]);
    this.#outcomes.close();
  }
}
