/** What the tests of the executors have in common: settings, items, who is told, and a sender that obeys. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { PlainError } from '../../src/errors.js';
import type { Executor, StoreListener } from '../../src/executor/executor.js';
import { type BodyWriter, LARGE_WINDOW } from '../../src/body.js';
import type { Item } from '../../src/item.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { isStored, type StoreResult } from '../../src/protocol/result.js';
import { shareFolders } from '../../workers/folders.js';
import { subfolder } from './folders.js';
import { scratch } from './scratch.js';

/** Settings for a store into a new folder, with the defaults of a run. */
export function storeSettings(t: TestContext, changes: Partial<StoreSettings> = {}): StoreSettings {
  return settingsFor(scratch(t), changes);
}

/** Settings for a store into a folder that is there. */
export function settingsFor(directory: string, changes: Partial<StoreSettings> = {}): StoreSettings {
  return {
    directory,
    scratch: subfolder(directory, '.unfinished-test'),
    layout: 'flat',
    imageCheck: 'none',
    images: undefined,
    computeHash: undefined,
    maxBodySize: 2 ** 40,
    slow: undefined,
    durable: false,
    fenced: false,
    cancelled: new Int32Array(new SharedArrayBuffer(4)),
    made: shareFolders(),
    ...changes,
  };
}

export function itemNamed(name: string): Item {
  return { index: 0, url: `http://localhost/${name}`, origin: 'http://localhost', path: `/${name}`, name };
}

/** The size of what is stored. */
export function sizeOr(result: StoreResult): number | PlainError {
  return isStored(result) ? result.size : result;
}

/** Keeps what a listener is told, and fails when it is told twice of one item. */
export class Told {
  /** Of what is stored, its size. */
  readonly results = new Map<string, number | PlainError>();
  readonly #waiting = new Map<string, () => void>();

  readonly listener: StoreListener = ({ name }, result) => {
    assert.ok(!this.results.has(name), `told twice of ${name}`);
    this.results.set(name, sizeOr(result));
    this.#waiting.get(name)?.();
  };

  /** Resolves when the listener has been told of the item. */
  async of(name: string): Promise<number | PlainError> {
    if (!this.results.has(name)) {
      await new Promise<void>((resolve) => {
        this.#waiting.set(name, resolve);
      });
    }
    return this.results.get(name) as number | PlainError;
  }

  /** The error that was told of an item; fails when it was stored, or not told of. */
  errorOf(name: string): PlainError {
    return errorIn(this.results.get(name));
  }
}

/** The error in a result; fails when there is none. */
export function errorIn(result: StoreResult | number | undefined): PlainError {
  assert.ok(typeof result === 'object' && !('size' in result), 'no error');
  return result;
}

/** Stores a body that is whole in memory. */
export function storeWhole(executor: Executor, name: string, chunks: readonly Uint8Array[], encoding = ''): void {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  executor.store({ item: itemNamed(name), chunks, length, encoding });
}

/** A large body under way; `send` pauses when it is told to, as a socket does. */
export class LargeBody {
  readonly writer: BodyWriter;
  /** How often it had to pause. */
  pauses = 0;
  /** How often it was told that nothing of it is held any more. */
  left = 0;
  #goOn: (() => void) | undefined;

  constructor(executor: Executor, name: string, encoding = '') {
    this.writer = executor.storeLarge(
      { item: itemNamed(name), encoding, window: LARGE_WINDOW },
      { onRoom: () => this.#goOn?.(), onLeft: () => (this.left += 1) },
    );
  }

  async send(chunks: Iterable<Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      const room = new Promise<void>((resolve) => {
        this.#goOn = resolve;
      });
      if (this.writer.write(chunk)) continue;
      this.pauses += 1;
      await room;
    }
  }
}
