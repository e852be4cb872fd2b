/** What becomes of items, from their request to their outcome: each event gives back what the item held, and decides on. */
import { type PlainError, StorageError } from '../errors.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { Redirected } from '../fetch/redirect.js';
import type { RobotsAnswer } from '../fetch/robots-request.js';
import type { Item } from '../item.js';
import type { Answer } from '../outcome.js';
import { isStored, type StoreResult } from '../protocol/result.js';
import { elsewhere, hasUntried } from '../schedule/mirrors.js';
import { mayPass } from '../schedule/retry.js';
import type { Permit } from '../schedule/limit.js';
import { isFetchedAgain, PUT_OFF, type Scheduler } from '../schedule/scheduler.js';
import type { Work } from '../schedule/work.js';
import type { Outcomes } from './outcomes.js';
import type { ResumptionListener } from './resume.js';
import type { StageListener, Stages } from './stages.js';
import { StorageHealth } from './storage-health.js';

/** Milliseconds until an item is looked at again whose last attempt is still being written to its end. */
const UNTIL_LEFT = 50;

const DOWN: PlainError = { code: 'NET_UNREACHABLE', message: 'the server has just failed', hint: 'see its failures' };

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
    if (hasUntried(work) && this.#scheduler.isDown(work) && this.#goElsewhere(work, DOWN, true)) return;
    const permit = this.#scheduler.begin(work);
    if (permit === true) this.#request(work);
    else if (permit !== false) this.#refuse(work, permit);
  }

  #request(work: Work): void {
    if (work.asksRobots) {
      this.#run.stages()?.askRobots(work);
      return;
    }
    const { redirected } = work;
    if (redirected === undefined) {
      work.askedAt = Date.now();
      work.answer = work.answeredAt = work.fetchedAt = undefined;
    }
    // A next try begins where the item lies.
    work.redirected = undefined;
    this.#run.stages()?.start(work, redirected);
  }

  /** The journal cannot be written any more. */
  onJournalFailure(error: StorageError): void {
    this.#run.stop(error);
  }

  onAnswer(item: Item, answer: Answer, ago: number): void {
    const work = this.#scheduler.answered(item, answer.status);
    work.answer = answer;
    work.answeredAt = Date.now() - Math.round(ago);
  }

  onRedirect(item: Item, to: Redirected): void {
    const work = this.#scheduler.inFlight.of(item);
    this.#goOn(work, this.#scheduler.redirected(item, to));
  }

  onRobots(item: Item, answer: RobotsAnswer): void {
    if (this.#run.isStopping()) {
      this.#scheduler.ended(item);
      this.#run.goOn();
      return;
    }
    if (answer.kind === 'failed' && answer.failure.error.code === 'NET_TOO_MANY_OPEN') this.#doFewer();
    const work = this.#scheduler.inFlight.of(item);
    this.#goOn(work, this.#scheduler.robotsNoted(item, answer));
  }

  onStorageFailure(error: PlainError): void {
    this.#run.stop(new StorageError(error));
  }

  onUnproven(item: Item): void {
    this.#scheduler.inFlight.of(item).unproven = true;
  }

  onBent(item: Item): void {
    this.#scheduler.inFlight.of(item).bent = true;
  }

  onFetched(item: Item, length: number | undefined, ago: number): void {
    const work = this.#scheduler.fetched(item, length);
    work.fetchedAt = Date.now() - Math.round(ago);
    this.#observer?.onFetched(item, ago);
  }

  onRoom(): void {
    this.#run.goOn();
  }

  onNotFound(item: Item, status: number): void {
    const work = this.#scheduler.ended(item);
    const message = `the server answered ${status}`;
    this.#fail(work, { code: 'HTTP_STATUS', message, hint: 'check the URL' }, 'not_found');
    this.#run.goOn();
  }

  onUnchanged(item: Item): void {
    const work = this.#scheduler.ended(item);
    this.#run.stages()?.forget(item);
    this.#outcomes.unchanged(work);
    this.#run.goOn();
  }

  onDisallowed(item: Item, error: PlainError): void {
    this.#fail(this.#scheduler.ended(item), error, 'disallowed');
    this.#run.goOn();
  }

  onFailure(item: Item, failure: AttemptFailure): void {
    if (failure.error === PUT_OFF && !this.#run.isStopping()) {
      const work = this.#scheduler.inFlight.of(item);
      this.#goOn(work, this.#scheduler.putOff(item, failure));
      return;
    }
    const work = this.#scheduler.ended(item, failure);
    this.#outcomes.left(work, failure.error);
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
      this.#outcomes.stored(work, result);
      this.#run.goOn();
      return;
    }
    this.#outcomes.left(work, result);
    if (isFetchedAgain(result)) {
      if (result.code === 'STORE_CROWDED') this.#doFewer();
      if (result.code === 'BODY_CHECKSUM') this.#run.stages()?.forget(item);
      // After a stop it is like a fetch that was ended: what becomes of it, the next run will tell.
      if (!this.#run.isStopping()) this.#retryOrFail(work, { error: result });
    } else if (result.code !== 'ABORTED') {
      this.#fail(work, result);
      this.#judgeStorage(result);
    }
    this.#run.goOn();
  }

  #retryOrFail(work: Work, failure: AttemptFailure): void {
    // Where it has not been tried it need not be waited for.
    if (hasUntried(work) && this.#goElsewhere(work, failure.error, mayPass(failure))) return;
    if (!this.#scheduler.tryAgain(work, failure)) this.#fail(work, failure.error);
  }

  /** @returns whether there is another URL of it */
  #goElsewhere(work: Work, error: PlainError, mayRecover: boolean): boolean {
    const next = elsewhere(work, error, mayRecover);
    if (next === undefined) return false;
    this.#run.stages()?.forget(work.item);
    this.#scheduler.later(next, 0);
    return true;
  }

  /** It had a slot, and has it still, or others may have it. */
  #goOn(work: Work, permit: Permit): void {
    if (permit === true) {
      this.#request(work);
      return;
    }
    if (permit !== false) this.#refuse(work, permit);
    this.#run.goOn();
  }

  /** It is not requested at all. */
  #refuse(work: Work, error: PlainError): void {
    this.#fail(work, error, error.code === 'ROBOTS_TXT' ? 'disallowed' : undefined);
  }

  #fail(work: Work, error: PlainError, status?: 'not_found' | 'disallowed'): void {
    const isUnwanted = isFiltered(error);
    if (!isUnwanted && this.#goElsewhere(work, error, false)) return;
    this.#run.stages()?.forget(work.item);
    this.#outcomes.failed(work, error, isUnwanted ? 'filtered' : status);
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

/** An image that is not wanted; a mirror would have the same. */
function isFiltered({ code }: PlainError): boolean {
  return code.startsWith('IMAGE_');
}
