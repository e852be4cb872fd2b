/**
 * Each worker downloads and stores by itself, one item after the other, as `flags2_threadpool.py` does: no hand-off, and
 * no event loop that is shared. Made to be compared with the pool.
 */
import { randomUUID } from 'node:crypto';
import { BroadcastChannel, type MessagePort } from 'node:worker_threads';
import { type PlainError, toPlain } from '../errors.js';
import type { AttemptListener } from '../fetch/attempt.js';
import type { Network } from '../fetch/network.js';
import type { Disallowing } from '../fetch/directives.js';
import type { TimeLimit } from '../fetch/stall-watchdog.js';
import type { Redirected } from '../fetch/redirect.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { Item } from '../item.js';
import type { Answer } from '../outcome.js';
import type { Answered } from '../plan/answer-names.js';
import type { ThreadTimes } from '../protocol/times.js';
import type { StoreSettings } from '../protocol/settings.js';
import type { StoreResult } from '../protocol/result.js';
import { removeUnfinished } from '../../workers/files.js';
import { CANCELLED } from '../../workers/plain.js';
import type { StoreListener } from './executor.js';
import { NO_THREAD_TIMES } from './thread-clock.js';
import { tellNames, type ThreadName } from './thread-name.js';
import { TimesSum } from './times.js';
import { Workers } from './workers.js';

/** How a worker requests. */
export interface ThreadRequest {
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
  /** Default: that of the program. */
  readonly userAgent?: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes a second; 0 for no bound. */
  readonly lowestSpeed: number;
  /** Milliseconds that any item may take. */
  readonly maxTime: number;
  /** Bytes: a larger body is written part by part. */
  readonly maxWhole: number;
  /** A body whose end nothing proves is an error. */
  readonly strict: boolean;
  /** Redirects within a server are told of, too, before they are followed. */
  readonly tellsEach?: boolean | undefined;
  readonly disallowing?: Disallowing | undefined;
  /** Files get the times that their servers say. */
  readonly mtime?: boolean | undefined;
  /** Idle connections that a thread keeps. */
  readonly maxIdle: number;
  readonly network?: Pick<Network, 'way' | 'http2' | 'credentials'>;
}

export interface ThreadTask {
  readonly item: Item;
  /** Where redirects have led it. */
  readonly from: Redirected | undefined;
  /** What {@link ThreadTask.cancels} calls it. */
  readonly id: number;
  /** The channel that tells the threads which tasks nobody waits for any more. */
  readonly cancels: string;
  /** Milliseconds. */
  readonly timeLeft: number;
  readonly request: ThreadRequest;
  readonly settings: StoreSettings;
  /** Where the names of files are asked for, if they depend on answers. */
  readonly names?: MessagePort | undefined;
}

/** What became of an item. */
export type ThreadEnd =
  | {
      readonly kind: 'stored';
      readonly result: StoreResult;
      readonly unproven: boolean;
      readonly bent: boolean;
      /** Milliseconds from the last byte of the body. */
      readonly storing: number;
    }
  | { readonly kind: 'not_found'; readonly status: number }
  | { readonly kind: 'disallowed'; readonly error: PlainError }
  | { readonly kind: 'redirected'; readonly to: Redirected }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure };

export interface ThreadAnswer {
  readonly end: ThreadEnd;
  /** What was answered, and how many milliseconds ago; undefined where nobody answered. */
  readonly told?: { readonly answer: Answer; readonly ago: number } | undefined;
  readonly times: ThreadTimes;
}

/** Told of each item how it ended: a stored one as fetched first, with how long ago that was. */
export interface ThreadListener extends Pick<
  AttemptListener,
  'onLarge' | 'onNotFound' | 'onDisallowed' | 'onRedirect' | 'onFailure'
> {
  onUnproven(item: Item): void;
  onBent(item: Item): void;
  /** @param ago milliseconds since: it is told when all is over */
  onAnswer(item: Item, answer: Answer, ago: number): void;
  readonly onStored: StoreListener;
  /** Only where names depend on answers: not asked of an item that was cancelled. */
  readonly nameOf?: (item: Item, answered: Answered) => Promise<ThreadName>;
}

/** Where the compiled entry lies, seen from this file's compiled place. */
const ENTRY = new URL('../../src/bundle/threads-entry.cjs', import.meta.url);

export class ThreadDownloads {
  readonly #workers: Workers;
  readonly #request: ThreadRequest;
  readonly #settings: StoreSettings;
  readonly #listener: ThreadListener;
  readonly #times = new TimesSum(NO_THREAD_TIMES);
  /** What threads are at, those that were cancelled included. */
  readonly #inFlight = new Set<Item>();
  /** One for all threads: which of them has a task only piscina knows. */
  readonly #cancels = new BroadcastChannel(`sluice ${randomUUID()}`);
  #tasks = 0;

  /** @param requests requests at once: each takes a thread */
  constructor(requests: number, request: ThreadRequest, settings: StoreSettings, listener: ThreadListener) {
    this.#workers = new Workers(ENTRY, requests, requests, () => undefined);
    this.#request = request;
    this.#settings = settings;
    this.#listener = listener;
    this.#cancels.unref();
  }

  start(item: Item, limit: TimeLimit, from?: Redirected): { cancel(error: PlainError): void } {
    let cancelled = false;
    const started = performance.now();
    this.#tasks += 1;
    const id = this.#tasks;
    const { nameOf } = this.#listener;
    const names =
      nameOf && tellNames((answered) => (cancelled ? Promise.resolve({ refused: CANCELLED }) : nameOf(item, answered)));
    const task: ThreadTask = {
      item,
      from,
      id,
      cancels: this.#cancels.name,
      timeLeft: limit.timeLeft,
      request: this.#request,
      settings: this.#settings,
      names: names?.far,
    };
    this.#inFlight.add(item);
    void this.#workers
      .run<ThreadAnswer>(task, names && [names.far])
      .then(
        (answer) => {
          this.#times.add(answer.times);
          return answer;
        },
        (error: unknown): Omit<ThreadAnswer, 'times'> => ({
          end: { kind: 'failed', failure: { error: threadLost(error) } },
        }),
      )
      .then(({ end, told }) => {
        names?.near.close();
        this.#inFlight.delete(item);
        if (cancelled) return;
        if (told !== undefined) this.#listener.onAnswer(item, told.answer, told.ago);
        if (end.kind === 'stored') {
          if (end.unproven) this.#listener.onUnproven(item);
          if (end.bent) this.#listener.onBent(item);
          this.#listener.onLarge(item, end.storing);
          this.#listener.onStored(item, end.result);
        } else if (end.kind === 'not_found') {
          this.#listener.onNotFound(item, end.status);
        } else if (end.kind === 'disallowed') {
          this.#listener.onDisallowed(item, end.error);
        } else if (end.kind === 'redirected') {
          limit.timeLeft -= performance.now() - started;
          this.#listener.onRedirect(item, end.to);
        } else {
          limit.timeLeft -= performance.now() - started;
          this.#listener.onFailure(item, end.failure);
        }
      });
    return {
      cancel: (error) => {
        cancelled = true;
        this.#cancels.postMessage(id);
        this.#listener.onFailure(item, { error });
      },
    };
  }

  /** Where the threads' time went, of the items that ended since this was last asked for. */
  takeTimes(): ThreadTimes {
    return this.#times.take();
  }

  async close(): Promise<void> {
    this.#cancels.close();
    const interrupted = [...this.#inFlight];
    await this.#workers.destroy();
    for (const { name } of interrupted) await removeUnfinished(this.#settings, name);
  }
}

function threadLost(error: unknown): PlainError {
  return toPlain(error, {
    code: 'WORKER_LOST',
    message: 'the worker that downloaded this file ended unexpectedly',
    hint: 'run the same command again',
  });
}
