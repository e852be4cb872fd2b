/** Takes bodies and drops them, so that a run shows what the network gives. Made to be compared with those that store. */
import type { Load } from './load.js';
import type { BodySender, Executor, LargeBody, StoreListener } from './executor.js';
import type { Body, BodyWriter } from '../body.js';
import { NO_TIMES } from './times.js';

export class DiscardExecutor implements Executor {
  readonly #onStored: StoreListener;

  constructor(onStored: StoreListener) {
    this.#onStored = onStored;
  }

  store({ item, length }: Body): boolean {
    this.#onStored(item, { size: length, crc32: 0 });
    return true;
  }

  storeLarge({ item }: LargeBody, sender: BodySender): BodyWriter {
    let size = 0;
    return {
      copies: true,
      write: (chunk) => {
        size += chunk.length;
        return true;
      },
      end: () => {
        sender.onLeft();
        // Whoever ends a body has first to tell that it is whole.
        queueMicrotask(() => this.#onStored(item, { size, crc32: 0 }));
      },
      abort: () => sender.onLeft(),
    };
  }

  takeLoad(): Load {
    return { waiting: 0, writers: 0, times: NO_TIMES, onMain: true, sharing: false };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
