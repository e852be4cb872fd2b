/**
 * The executors that have no threads of their own, made to be compared with the pool: `inline` stores on the main
 * thread, synchronously, as a program does that hands nothing over; `libuv` goes through `fs.promises` and async zlib.
 */
import { Channel } from '../shared/channel.js';
import { SluiceError } from '../errors.js';
import type { Item } from '../item.js';
import type { StoreSettings } from '../protocol/settings.js';
import { isStored, type StoreResult } from '../protocol/result.js';
import type { Load } from './load.js';
import { Laps, partOf } from '../../workers/clock.js';
import { fsyncFiles, fsyncFilesAsync, namesOf } from '../../workers/durable.js';
import { CANCELLED } from '../../workers/plain.js';
import { storeBody, storeBodyAsync, storeLarge, storeLargeAsync } from '../../workers/store.js';
import type { BodySender, Executor, LargeBody, StoreListener } from './executor.js';
import type { Body, BodyWriter } from '../body.js';

/** Bodies that are stored at once, each with a file open and its decoded bytes in memory; the others wait. */
const MAX_RUNNING = 16;

export class LocalExecutor implements Executor {
  readonly #kind: 'inline' | 'libuv';
  readonly #settings: StoreSettings;
  readonly #onStored: StoreListener;
  readonly #maxRunning: number;
  /** Bodies that wait for others to be stored. */
  readonly #waiting: Body[] = [];
  #running = 0;
  readonly #pending = new Set<Promise<void>>();
  /** Milliseconds that bodies took since the last look, each by itself. */
  #taken = 0;
  readonly #laps = new Laps();

  /** @param writers files that may be open at once */
  constructor(kind: 'inline' | 'libuv', settings: StoreSettings, onStored: StoreListener, writers = Infinity) {
    this.#kind = kind;
    this.#settings = settings;
    this.#onStored = onStored;
    this.#maxRunning = Math.min(MAX_RUNNING, writers);
  }

  store(body: Body): boolean {
    this.#waiting.push(body);
    this.#beginMore();
    return false;
  }

  storeLarge({ item, encoding, window, partial, modified }: LargeBody, sender: BodySender): BodyWriter {
    const parts = new Channel<Uint8Array>();
    let waiting = 0;
    let aborted = false;
    let settled = false;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of parts) {
        yield part;
        waiting -= part.length;
        if (waiting < window) sender.onRoom();
      }
    };
    const store = this.#kind === 'inline' ? storeLarge : storeLargeAsync;
    const job = { name: item.name, encoding, checksum: item.details?.checksum, partial, modified };
    const storing = store(counted(), job, this.#settings);
    const stored = this.#fsynced(storing, item).then((result) => {
      settled = true;
      // What was sent and not asked for is dropped.
      void parts.return();
      sender.onLeft();
      sender.onRoom();
      return aborted ? undefined : result;
    });
    this.#track(stored, item);
    return {
      write: (chunk) => {
        if (settled) return true;
        waiting += chunk.length;
        parts.push(chunk);
        return waiting < window;
      },
      end: () => parts.close(),
      abort: () => {
        aborted = true;
        parts.close(new SluiceError(CANCELLED.code, CANCELLED.message, CANCELLED));
      },
    };
  }

  /** The main thread's time tells how much of a body's time it was at work itself. */
  takeLoad(): Load {
    const since = this.#laps.next();
    // Of large bodies, which wait for their parts, only the operations are known.
    const times = partOf(since, Math.max(this.#taken, since.create + since.write + since.rename));
    this.#taken = 0;
    const sharing = this.#kind === 'libuv';
    const writers = sharing ? this.#maxRunning : 1;
    return { waiting: this.#waiting.length, writers, times, onMain: true, sharing };
  }

  async close(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #beginMore(): void {
    while (this.#running < this.#maxRunning) {
      const body = this.#waiting.shift();
      if (body === undefined) return;
      this.#begin(body);
    }
  }

  #begin({ item, chunks, length, encoding, modified }: Body): void {
    const [first] = chunks;
    const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length);
    const store = this.#kind === 'inline' ? storeBody : storeBodyAsync;
    const started = performance.now();
    const job = { name: item.name, encoding, checksum: item.details?.checksum, modified };
    const result = store(bytes, job, this.#settings);
    if (!(result instanceof Promise)) {
      const fsynced = isStored(result) ? (fsyncFiles(namesOf(item.name, result), this.#settings) ?? result) : result;
      this.#taken += performance.now() - started;
      this.#onStored(item, fsynced);
      return;
    }
    this.#running += 1;
    const stored = this.#fsynced(result, item).then((value) => {
      this.#taken += performance.now() - started;
      this.#running -= 1;
      this.#beginMore();
      return value;
    });
    this.#track(stored, item);
  }

  async #fsynced(storing: Promise<StoreResult>, { name }: Item): Promise<StoreResult> {
    const result = await storing;
    return isStored(result) ? ((await fsyncFilesAsync(namesOf(name, result), this.#settings)) ?? result) : result;
  }

  #track(result: Promise<StoreResult | undefined>, item: Item): void {
    const settled: Promise<void> = result.then((value) => {
      this.#pending.delete(settled);
      if (value !== undefined) this.#onStored(item, value);
    });
    this.#pending.add(settled);
  }
}
