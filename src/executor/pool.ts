/**
 * The executor that is the point of it all: bodies go to worker threads in batches, so that the main thread never waits
 * for the disk.
 */
import { MessageChannel } from 'node:worker_threads';
import { type PlainError, toPlain } from '../errors.js';
import type { BatchAnswer, LargeAnswer, LargeTask, WriteMode } from '../protocol/messages.js';
import type { Times } from '../protocol/times.js';
import type { StoreSettings } from '../protocol/settings.js';
import type { Batch } from './backlog.js';
import { Batcher, MAX_BATCH } from './batcher.js';
import type { BodySender, Executor, LargeBody, StoreListener } from './executor.js';
import type { Body, BodyWriter } from '../body.js';
import { countWaiting, LargeBodySender } from './large.js';
import { type FileShares, shareFiles } from '../shared/file-limit.js';
import { MAX_WORKERS } from '../options/limits.js';
import type { Load } from './load.js';
import { Sizer } from './sizing.js';
import { NO_TIMES, TimesSum } from './times.js';
import { PROCESSORS, Workers } from './workers.js';
import { LAYOUTS } from '../protocol/layouts.js';

/** Milliseconds of work that a batch is cut to, once it is known what a body costs: so that writers share what there is. */
const BATCH_WORK = 50;
/**
 * How many files libuv's threads can write at once: all but as many as Node has by itself, so that looking up a host's
 * name does not wait for the storage. None, unless whoever started the process gave it more than those.
 */
const MOST_WAITING = Math.min(MAX_WORKERS, Number(process.env['UV_THREADPOOL_SIZE'] ?? 4) - 4);
/** Where the compiled entry lies, seen from this file's compiled place. */
const ENTRY = new URL('../../src/bundle/pool-entry.cjs', import.meta.url);

export class PoolExecutor implements Executor {
  readonly #settings: StoreSettings;
  readonly #onStored: StoreListener;
  readonly #threads: Workers;
  readonly #batcher = new Batcher({
    capacity: () => this.#capacity,
    most: () => (this.#oneByOne ? 1 : this.#maxBatch),
    send: (batch) => this.#send(batch),
  });
  /** Undefined where the number of writers is given. */
  readonly #sizer: Sizer | undefined;
  /** Of bodies in parts that are not accounted for. */
  readonly #senders = new Set<LargeBodySender>();
  readonly #times = new TimesSum(NO_TIMES);
  #mode: WriteMode = 'blocking';
  /** A batch has come back. */
  #answered = false;
  /** Bodies in a batch at the most; one before it is known what a body costs. */
  #maxBatch = 1;
  /** Tasks that are not accounted for. */
  #inFlight = 0;
  #onIdle: (() => void) | undefined;
  /** Where poisons are stored, one at a time. */
  #quarantine: PoolExecutor | undefined;
  readonly #oneByOne: boolean;
  readonly #shares: FileShares;

  /**
   * @param workers threads that store at the same time; with `auto` as many writers as bring more, most of them waiting
   * @param oneByOne whether no body shares a worker with another
   */
  constructor(
    workers: number | 'auto',
    settings: StoreSettings,
    onStored: StoreListener,
    shares: FileShares = shareFiles(),
    oneByOne = false,
  ) {
    this.#settings = settings;
    this.#onStored = onStored;
    this.#shares = shares;
    this.#oneByOne = oneByOne;
    const most = Math.min(workers === 'auto' ? MAX_WORKERS : workers, shares.threads);
    if (workers === 'auto') {
      const oneFolder = LAYOUTS[settings.layout].folders.length === 1;
      const waiting = Math.min(MOST_WAITING, shares.writers);
      this.#sizer = new Sizer({ threads: most, waiting, processors: Math.min(PROCESSORS, most), oneFolder });
    }
    this.#threads = new Workers(ENTRY, most, workers === 'auto' ? 1 : most, () => this.#batcher.flush());
  }

  store(body: Body): boolean {
    if (body.isPoison === true && !this.#oneByOne) {
      this.#quarantine ??= new PoolExecutor(1, this.#settings, this.#onStored, this.#shares, true);
      return this.#quarantine.store(body);
    }
    this.#batcher.add(body);
    return true;
  }

  storeLarge({ item, encoding, window, partial, modified }: LargeBody, from: BodySender): BodyWriter {
    const { port1, port2 } = new MessageChannel();
    const task: LargeTask = {
      kind: 'large',
      settings: this.#settings,
      mode: this.#mode,
      job: { name: item.name, encoding, checksum: item.details?.checksum, partial, modified },
      port: port2,
    };
    const sender = new LargeBodySender(port1, window, from, partial !== undefined);
    this.#senders.add(sender);
    this.#begin();
    void this.#threads
      .run<LargeAnswer>(task, [port2])
      .then(
        ({ result, times }) => {
          this.#times.add(times);
          this.#resize(1, times);
          return result;
        },
        (error: unknown) => workerLost(error),
      )
      .then((result) => {
        this.#senders.delete(sender);
        sender.settled();
        if (!sender.aborted) this.#onStored(item, result);
        this.#finish();
      });
    return sender;
  }

  takeLoad(): Load {
    const most = this.#writers;
    const sharing = this.#mode === 'waiting';
    // Of those that wait in one thread there are no more than it has something to do for.
    const writers = sharing ? Math.max(1, Math.min(most, this.#inFlight)) : most;
    const waiting = this.#batcher.waitingFor(most) + Math.max(0, countWaiting(this.#senders) - most);
    return { waiting, writers, times: this.#times.take(), onMain: false, sharing };
  }

  async close(): Promise<void> {
    this.#batcher.flush();
    if (!this.#idle) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    // They have nothing to do any more, and nobody has to wait until they have ended.
    void this.#threads.destroy();
    await this.#quarantine?.close();
  }

  /** Batches that should be under way. */
  get #capacity(): number {
    if (this.#oneByOne) return 1;
    if (this.#sizer === undefined) return this.#threads.capacity;
    // What stands behind the first body would wait for it, and it is not known yet for how long.
    if (!this.#answered) return 1;
    return this.#mode === 'blocking' ? this.#threads.capacity : this.#sizer.writers;
  }

  /** Writers that are there. */
  get #writers(): number {
    return this.#mode === 'waiting' && this.#sizer !== undefined ? this.#sizer.writers : this.#threads.ready;
  }

  get #idle(): boolean {
    return this.#inFlight === 0 && this.#batcher.waiting === 0;
  }

  #send(batch: Batch): void {
    this.#begin();
    void this.#threads
      .run<BatchAnswer>(batch.toTask(this.#settings, this.#mode))
      .then(
        (answer) => this.#account(batch, answer),
        (error: unknown) => this.#accountLost(batch, workerLost(error)),
      )
      .then(() => this.#finish());
  }

  #account(batch: Batch, { sizes, crc32s, checksums, images, failures, times }: BatchAnswer): void {
    this.#answered = true;
    this.#times.add(times);
    this.#resize(batch.length, times);
    const each = times.wall / batch.length;
    // At most twice as many as last time: a first batch that met a warm cache proves little.
    const wanted = Math.max(1, Math.floor(BATCH_WORK / Math.max(each, 0.001)));
    this.#maxBatch = Math.min(wanted, this.#maxBatch * 2, MAX_BATCH);
    // First of all the worker gets more to do.
    this.#batcher.done(batch);
    let nextFailure = 0;
    for (const [position, item] of batch.items.entries()) {
      const failure = failures[nextFailure];
      if (failure?.position === position) {
        nextFailure += 1;
        this.#onStored(item, failure.error);
      } else {
        const checksum = checksums?.[position];
        const [size, crc32] = [sizes[position] as number, crc32s[position] as number];
        const image = images?.[position];
        const stored = checksum === undefined ? { size, crc32 } : { size, crc32, checksum };
        this.#onStored(item, image === undefined ? stored : { ...stored, image });
      }
    }
  }

  /** @param bodies that a writer stored in these times */
  #resize(bodies: number, times: Times): void {
    const sizer = this.#sizer;
    if (sizer === undefined) return;
    sizer.note(bodies, times, this.#batcher.waiting + countWaiting(this.#senders), this.#writers);
    this.#mode = sizer.mode;
    // To wait, the threads that are there are enough.
    this.#threads.wanted = this.#mode === 'waiting' ? Math.min(this.#threads.ready, PROCESSORS) : sizer.writers;
  }

  #accountLost(batch: Batch, error: PlainError): void {
    this.#answered = true;
    this.#batcher.done(batch);
    for (const item of batch.items) this.#onStored(item, error);
  }

  #begin(): void {
    this.#inFlight += 1;
  }

  #finish(): void {
    this.#inFlight -= 1;
    if (this.#idle) this.#onIdle?.();
  }
}

function workerLost(error: unknown): PlainError {
  return toPlain(error, {
    code: 'WORKER_LOST',
    message: 'the worker that stored this file ended unexpectedly',
    hint: 'run the same command again; if it happens again, report it with the output of --verbose',
  });
}
