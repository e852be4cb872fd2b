/** What becomes of items, from their request to their outcome: each event gives back what the item held, and decides on. */
import type { PlainError, StorageError } from '../errors.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { Redirected } from '../fetch/redirect.js';
import type { Item } from '../item.js';
import { isStored, type StoreResult } from '../protocol/result.js';
import { isFetchedAgain, type Scheduler } from '../schedule/scheduler.js';
import type { Work } from '../schedule/work.js';
import type { Outcomes } from './outcomes.js';
import type { ResumptionListener } from './resume.js';
import type { StageListener, Stages } from './stages.js';
import { StorageHealth } from './storage-health.js';

/** Milliseconds until an item is looked at again whose last attempt is still being written to its end. */
const UNTIL_LEFT = 50;

/** Told of the steps of each item, for who measures a run. */
export interface Observer {
  /** @param ago milliseconds since its last byte was there: 0 but for threads, which tell when they have stored it */
  onFetched(item: Item, ago: number): void;
  onStored(item: Item): void;
}

/** The run that items belong to. */
export interface Run {
  readonly stages: () => Stages | undefined;
  readonly isStopping: () => boolean;
  /** All is told: what comes later is of no account. */
  readonly hasEnded: () => boolean;
  /** There may be room for more requests, or nothing left to do. */
  readonly goOn: () => void;
  /** Ends it: no file will fare better. */
  readonly stop: (error: StorageError) => void;
}

export class Items implements StageListener, ResumptionListener {
  readonly #run: Run;
  readonly #scheduler: Scheduler;
  readonly #outcomes: Outcomes;
  readonly #observer: Observer | undefined;
  readonly #health = new StorageHealth();

  constructor(run: Run, scheduler: Scheduler, outcomes: Outcomes, observer: Observer | undefined) {
    this.#run = run;
    this.#scheduler = scheduler;
    this.#outcomes = outcomes;
    this.#observer = observer;
  }

  /** Begins an item unless it has to wait. */
  begin(work: Work): void {
    if (this.#run.stages()?.isBusy(work.item) === true) {
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
    this.#run.stages()?.start(work, redirected);
  }

  onThere(count: number): void {
    this.#outcomes.tally.skip(count);
  }

  onKept(count: number): void {
    this.#outcomes.tally.keep(count);
  }

  /** The journal cannot be written any more. */
  onJournalFailure(error: StorageError): void {
    this.#run.stop(error);
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
    this.#run.goOn();
  }

  onUnproven(item: Item): void {
    this.#scheduler.inFlight.of(item).unproven = true;
  }

  onFetched(item: Item, length: number | undefined, ago: number): void {
    this.#scheduler.fetched(item, length);
    this.#observer?.onFetched(item, ago);
  }

  onRoom(): void {
    this.#run.goOn();
  }

  onNotFound(item: Item, status: number): void {
    this.#scheduler.ended(item);
    const message = `the server answered ${status}`;
    this.#fail(item, { code: 'HTTP_STATUS', message, hint: 'check the URL' }, 'not_found');
    this.#run.goOn();
  }

  onFailure(item: Item, failure: AttemptFailure): void {
    const work = this.#scheduler.ended(item, failure);
    if (this.#run.isStopping()) {
      this.#run.goOn();
      return;
    }
    if (failure.error.code === 'BODY_EXCESS') this.#run.stages()?.forget(item);
    if (failure.error.code === 'NET_TOO_MANY_OPEN') {
      this.#doFewer();
      // Free of charge as long as others run, which will give back what they hold.
      if (this.#scheduler.inFlight.running > 0) work.tried -= 1;
    }
    this.#retryOrFail(work, failure);
    this.#run.goOn();
  }

  onWritten(item: Item): void {
    if (this.#run.hasEnded()) return;
    this.#scheduler.written(item);
    this.#run.goOn();
  }

  onStored(item: Item, result: StoreResult): void {
    if (this.#run.hasEnded()) return;
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
      this.#run.stages()?.forget(item);
      this.#observer?.onStored(item);
      this.#outcomes.stored(item, result, work.unproven);
    } else if (isFetchedAgain(result)) {
      if (result.code === 'STORE_CROWDED') this.#doFewer();
      // After a stop it is like a fetch that was ended: what becomes of it, the next run will tell.
      if (!this.#run.isStopping()) this.#retryOrFail(work, { error: result });
    } else if (result.code !== 'ABORTED') {
      this.#fail(item, result);
      this.#judgeStorage(result);
    }
    this.#run.goOn();
  }

  #retryOrFail(work: Work, failure: AttemptFailure): void {
    if (!this.#scheduler.again(work, failure)) this.#fail(work.item, failure.error);
  }

  #fail(item: Item, error: PlainError, status?: 'not_found'): void {
    this.#run.stages()?.forget(item);
    this.#outcomes.failed(item, error, status);
  }

  /** The process has too many files open. */
  #doFewer(): void {
    this.#scheduler.shrink();
    this.#run.stages()?.keepFew();
  }

  #judgeStorage(error: PlainError): void {
    const fatal = this.#health.failed(error);
    if (fatal !== undefined) this.#run.stop(fatal);
  }
}
