/**
 * The executors that have no threads of their own, made to be compared with the pool: `inline` stores on the main
 * thread, synchronously, as a program does that hands nothing over; `libuv` goes through `fs.promises` and async zlib.
 */
import { Channel } from '../channel.js';
import { SluiceError } from '../errors.js';
import type { Item } from '../plan.js';
import type { StoreResult, StoreSettings } from '../protocol.js';
import { CANCELLED, storeBody, storeBodyAsync, storeLarge } from '../../workers/store.js';
import { type Body, type BodyWriter, type Executor, LARGE_WINDOW, type StoreListener } from './executor.js';

export class LocalExecutor implements Executor {
  readonly #storeBody: typeof storeBody;
  readonly #settings: StoreSettings;
  readonly #onStored: StoreListener;
  readonly #pending = new Set<Promise<void>>();

  constructor(kind: 'inline' | 'libuv', settings: StoreSettings, onStored: StoreListener) {
    this.#storeBody = kind === 'inline' ? storeBody : storeBodyAsync;
    this.#settings = settings;
    this.#onStored = onStored;
  }

  store({ item, chunks, length, encoding }: Body): void {
    const [first] = chunks;
    const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length);
    const result = this.#storeBody(bytes, { name: item.name, encoding }, this.#settings);
    if (result instanceof Promise) this.#track(result, item);
    else this.#onStored(item, result);
  }

  storeLarge(item: Item, encoding: string, onRoom: () => void): BodyWriter {
    const parts = new Channel<Uint8Array>();
    let waiting = 0;
    let aborted = false;
    let failed = false;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of parts) {
        yield part;
        waiting -= part.length;
        if (waiting < LARGE_WINDOW) onRoom();
      }
    };
    const stored = storeLarge(counted(), { name: item.name, encoding }, this.#settings).then((result) => {
      failed = typeof result !== 'number';
      if (failed) onRoom();
      return aborted ? undefined : result;
    });
    this.#track(stored, item);
    return {
      write: (chunk) => {
        waiting += chunk.length;
        parts.push(chunk);
        return failed || waiting < LARGE_WINDOW;
      },
      end: () => parts.close(),
      abort: () => {
        aborted = true;
        parts.close(new SluiceError(CANCELLED.code, CANCELLED.message, CANCELLED));
      },
    };
  }

  async close(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #track(result: Promise<StoreResult | undefined>, item: Item): void {
    const settled: Promise<void> = result.then((value) => {
      this.#pending.delete(settled);
      if (value !== undefined) this.#onStored(item, value);
    });
    this.#pending.add(settled);
  }
}
