/**
 * The executor that is the point of it all: bodies go to worker threads in batches, so that the main thread never waits
 * for the disk.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Item } from '../plan.js';
import { type PlainError, toPlain } from '../errors.js';
import type { BatchAnswer, LargeTask, StoreResult, StoreSettings } from '../protocol.js';
import { Arenas, type Batch, BATCH_DELAY, MAX_BATCH } from './batch.js';
import { type Body, type BodyWriter, type Executor, LARGE_WINDOW, type StoreListener } from './executor.js';
import { LargeBodySender } from './large.js';
import { MAX_WORKERS } from '../options.js';
import { Sizer } from './sizing.js';
import { PROCESSORS, Workers } from './workers.js';

/** Milliseconds of work that a batch is cut to, once it is known what a body costs: so that writers share what there is. */
const BATCH_WORK = 100;
/** Bodies in a batch at the most at the start, before anything is known. */
const FIRST_BATCH = 1;
/** Where the compiled entry lies, seen from this file's compiled place. */
const ENTRY = new URL('../../workers/pool-entry.js', import.meta.url);

export class PoolExecutor implements Executor {
  readonly #settings: StoreSettings;
  readonly #onStored: StoreListener;
  readonly #threads: Workers;
  readonly #arenas = new Arenas();
  /** Sealed batches that wait for a worker. */
  readonly #sealed: Batch[] = [];
  #open: Batch | undefined;
  #flushTimer: NodeJS.Timeout | undefined;
  #batchesUnderWay = 0;
  #underWay = 0;
  #maxBatch = FIRST_BATCH;
  #onIdle: (() => void) | undefined;

  /** Undefined where the number of writers is given. */
  readonly #sizer: Sizer | undefined;
  /** Bodies that no worker has been given yet. */
  #backlog = 0;

  /** @param workers threads that store at the same time */
  constructor(workers: number | 'auto', settings: StoreSettings, onStored: StoreListener) {
    this.#settings = settings;
    this.#onStored = onStored;
    this.#sizer =
      workers === 'auto'
        ? new Sizer({ most: MAX_WORKERS, processors: PROCESSORS, oneFolder: settings.layout === 'flat' })
        : undefined;
    const wanted = workers === 'auto' ? 1 : workers;
    this.#threads = new Workers(ENTRY, workers === 'auto' ? MAX_WORKERS : workers, wanted, () => this.#fill());
  }

  store(body: Body): void {
    if (this.#open?.hasRoom(body.length) === false) this.#seal();
    if (this.#open === undefined) {
      this.#open = this.#arenas.openBatch(body.length);
      this.#flushTimer ??= setTimeout(() => {
        this.#flushTimer = undefined;
        this.#flush();
      }, BATCH_DELAY);
    }
    this.#open.add(body);
    this.#backlog += 1;
    if (this.#open.items.length >= this.#maxBatch) this.#seal();
  }

  storeLarge(item: Item, encoding: string, onRoom: () => void): BodyWriter {
    const { port1, port2 } = new MessageChannel();
    const task: LargeTask = {
      kind: 'large',
      settings: this.#settings,
      job: { name: item.name, encoding },
      port: port2,
    };
    const sender = new LargeBodySender(port1, LARGE_WINDOW, onRoom);
    this.#begin();
    void this.#threads
      .run<StoreResult>(task, [port2])
      .catch((error: unknown) => workerLost(error))
      .then((result) => {
        sender.settled();
        if (!sender.aborted) this.#onStored(item, result);
        this.#finish();
      });
    return sender;
  }

  async close(): Promise<void> {
    this.#flush();
    if (this.#underWay > 0 || this.#sealed.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    clearTimeout(this.#flushTimer);
    // They have nothing to do any more, and nobody has to wait until they have ended.
    void this.#threads.destroy();
  }

  /** Sends what there is, if a worker could begin with it now; else it may as well grow. */
  #flush(): void {
    if (this.#batchesUnderWay < this.#threads.capacity) this.#seal();
  }

  #fill(): void {
    this.#send();
    this.#flush();
  }

  #seal(): void {
    if (this.#open === undefined) return;
    this.#sealed.push(this.#open);
    this.#open = undefined;
    this.#send();
  }

  #send(): void {
    while (this.#batchesUnderWay < this.#threads.capacity) {
      const batch = this.#sealed.shift();
      if (batch === undefined) return;
      this.#batchesUnderWay += 1;
      this.#backlog -= batch.items.length;
      this.#begin();
      void this.#threads
        .run<BatchAnswer>(batch.toTask(this.#settings))
        .then(
          (answer) => this.#account(batch, answer),
          (error: unknown) => this.#accountLost(batch, workerLost(error)),
        )
        .then(() => {
          this.#batchesUnderWay -= 1;
          this.#fill();
          this.#finish();
        });
    }
  }

  #account(batch: Batch, { sizes, failures, times }: BatchAnswer): void {
    this.#arenas.release(batch);
    if (this.#sizer !== undefined) {
      this.#sizer.note(batch.items.length, times, this.#backlog, this.#threads.ready);
      this.#threads.wanted = this.#sizer.writers;
    }
    const each = times.wall / batch.items.length;
    // At most twice as many as last time: a first batch that met a warm cache proves little.
    const wanted = Math.max(1, Math.floor(BATCH_WORK / Math.max(each, 0.001)));
    this.#maxBatch = Math.min(wanted, this.#maxBatch * 2, MAX_BATCH);
    let nextFailure = 0;
    for (const [position, item] of batch.items.entries()) {
      const failure = failures[nextFailure];
      if (failure?.position === position) {
        nextFailure += 1;
        this.#onStored(item, failure.error);
      } else {
        this.#onStored(item, sizes[position] as number);
      }
    }
  }

  #accountLost(batch: Batch, error: PlainError): void {
    this.#arenas.release(batch);
    for (const item of batch.items) this.#onStored(item, error);
  }

  #begin(): void {
    this.#underWay += 1;
  }

  #finish(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0 && this.#sealed.length === 0) this.#onIdle?.();
  }
}

function workerLost(error: unknown): PlainError {
  return toPlain(error, {
    code: 'WORKER_LOST',
    message: 'the worker that stored this file ended unexpectedly',
    hint: 'run the same command again; if it happens again, report it with the output of --verbose',
  });
}
