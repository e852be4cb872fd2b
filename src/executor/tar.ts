/**
 * The executor of the layout `tar`: one thread of its own writes all shards. Not the pool's, whose workers come and go:
 * this one keeps what it has not sealed. A body is told of twice: when it is written, and its memory free again, and
 * when its shard has its final name.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import { type PlainError, toPlain } from '../errors.js';
import type { Item } from '../item.js';
import type { Answer } from '../outcome.js';
import { withoutPassword } from '../shared/printable.js';
import type {
  Description,
  PartShard,
  TarBatchTask,
  TarLargeTask,
  TarMessage,
  TarSettings,
  TarTask,
} from '../protocol/tar.js';
import type { StoredFile, StoreResult } from '../protocol/result.js';
import type { Batch } from './backlog.js';
import { Batcher, MAX_BATCH } from './batcher.js';
import { type BodySender, type Executor, type LargeBody, type StoreListener, WRITER_LIMITS } from './executor.js';
import type { Body, BodyWriter } from '../body.js';
import { countWaiting, LargeBodySender } from './large.js';
import type { Load } from './load.js';
import { NO_TIMES, TimesSum } from './times.js';

/** Batches under way while the open one may as well grow: one that is stored, and one that is found then. */
const MAX_UNDER_WAY = 2;
/** Bodies in a batch while some may end the thread, and the others of theirs with it. */
const MAX_POISONS = 8;
/** Where the compiled entry lies, seen from this file's compiled place. */
const ENTRY = new URL('../../src/bundle/tar-entry.cjs', import.meta.url);
const LEFT: PlainError = {
  code: 'ABORTED',
  message: 'the shard was not sealed',
  hint: 'run the same command again to go on',
};

/** What the answer that brings a body has told. */
type Told = Pick<Description, 'headers' | 'unproven'>;
const NOTHING_TOLD: Told = { headers: [] };

/** What is told of bodies: each is stored or will not be, as with any executor; most are told of as written before. */
export interface TarListener {
  readonly onStored: StoreListener;
  /** The body's memory is free again. */
  readonly onWritten: (item: Item) => void;
  /** What became of a shard that an earlier run has begun; told before what was added to it. */
  readonly onTakenUp: (part: number, result: { readonly shard: number } | PlainError) => void;
}

export class TarExecutor implements Executor {
  readonly #settings: Omit<TarSettings, 'firstShard' | 'parts'>;
  readonly #listener: TarListener;
  readonly #captionColumn: string | undefined;
  readonly #batcher = new Batcher({
    capacity: () => MAX_UNDER_WAY,
    most: () => (this.#poisons.size > 0 ? MAX_POISONS : MAX_BATCH),
    send: (batch) => this.#send(batch),
  });
  /** What its answer has told of an item, until its body comes. */
  readonly #answers = new WeakMap<Item, Told>();
  /** Bodies that are not accounted for, by number. */
  readonly #items = new Map<number, Item>();
  /** Tasks under way, by the number of their first body. */
  readonly #batches = new Map<number, Batch>();
  readonly #senders = new Map<number, LargeBodySender>();
  /** Of those that wait. */
  readonly #poisons = new Set<Item>();
  readonly #times = new TimesSum(NO_TIMES);
  #worker: Worker | undefined;
  #nextShard: number;
  #nextId = 0;
  /** Shards of earlier runs that are not sealed yet. */
  readonly #parts: Map<number, PartShard>;
  /** Whether anything is in shards that are not sealed, or on its way there. */
  #anyOpen: boolean;
  #closing = false;
  /** What becomes of the only shard, if there is one only, is known: nothing more is written to it. */
  #isOver = false;
  #sealWanted = false;
  #leaves = false;
  #onProgress: (() => void) | undefined;

  /**
   * @param settings with the number that the first shard gets
   * @param captionColumn the column of the list that has captions
   */
  constructor({ firstShard, parts, ...settings }: TarSettings, listener: TarListener, captionColumn?: string) {
    this.#captionColumn = captionColumn;
    this.#settings = settings;
    this.#nextShard = firstShard;
    this.#parts = new Map(parts.map((part) => [part.number, part]));
    this.#listener = listener;
    this.#anyOpen = parts.length > 0;
    if (this.#anyOpen) this.prepare();
    // The only one is sealed in any case.
    this.#anyOpen ||= settings.only !== undefined;
  }

  /**
   * Keeps what a shard is to tell of the answer that brings an item's body; to be called before the body comes. What the answer
   * with the rest of a body does not tell again (RFC 9110, 15.3.7) stays as it was.
   */
  onAnswer(item: Item, { status, contentType, etag, lastModified }: Answer): void {
    if (status !== 200 && status !== 203) return;
    const kept = [...(this.#answers.get(item)?.headers ?? [])];
    keep(kept, 'content-type', contentType);
    keep(kept, 'last-modified', lastModified);
    keep(kept, 'etag', etag);
    this.#answers.set(item, { headers: kept });
  }

  /** Keeps that, too: whoever goes on with a shard after a kill has nothing but its descriptions. */
  onUnproven(item: Item): void {
    this.#answers.set(item, { ...(this.#answers.get(item) ?? NOTHING_TOLD), unproven: true });
  }

  /** The same item goes on as another object, which has another name. */
  readonly onRenamed = (item: Item, renamed: Item): void => {
    const told = this.#answers.get(item);
    if (told !== undefined) this.#answers.set(renamed, told);
  };

  /** What is requested now is to find a thread that writes it at once: until then it is lost with the process. */
  prepare(): void {
    this.#worker ??= this.#start();
  }

  store(body: Body): boolean {
    if (body.isPoison === true) this.#poisons.add(body.item);
    this.#batcher.add(body);
    return true;
  }

  storeLarge({ item, encoding, window }: LargeBody, from: BodySender): BodyWriter {
    const { port1, port2 } = new MessageChannel();
    const id = this.#number(item);
    const task: TarLargeTask = {
      kind: 'large',
      settings: this.#settings.store,
      mode: 'blocking',
      job: { name: item.name, encoding, checksum: item.details?.checksum },
      port: port2,
      id,
      description: this.#describe(item),
    };
    const sender = new LargeBodySender(port1, window, from);
    this.#senders.set(id, sender);
    this.#post(task);
    return sender;
  }

  /**
   * Gives the shards that are open their final names, as soon as nothing is being written to them.
   *
   * @param whole whether all is there that is to be: without, the only one is left as it is
   */
  seal(whole = true): void {
    if (!this.#anyOpen) return;
    this.#leaves = !whole && this.#settings.only !== undefined;
    this.#sealWanted = true;
    this.#sealIfWritten();
  }

  takeLoad(): Load {
    return {
      waiting: this.#batcher.waitingFor(1) + Math.max(0, countWaiting(this.#senders.values()) - 1),
      writers: 1,
      times: this.#times.take(),
      onMain: false,
      sharing: false,
    };
  }

  /** @param whole as of {@link seal} */
  async close(whole = true): Promise<void> {
    this.#closing = true;
    this.#batcher.flush();
    this.seal(whole);
    while (this.#isBusy) {
      await new Promise<void>((resolve) => {
        this.#onProgress = resolve;
      });
    }
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  get #isBusy(): boolean {
    const isOpen = this.#settings.only !== undefined && !this.#isOver;
    return isOpen || this.#items.size + this.#batcher.waiting + this.#parts.size > 0;
  }

  #sealIfWritten(): void {
    if (!this.#sealWanted || this.#batcher.waiting + this.#batches.size + this.#senders.size > 0) return;
    this.#sealWanted = false;
    this.#anyOpen = false;
    this.#postSeal();
  }

  #send(batch: Batch): void {
    const first = this.#nextId;
    const { items } = batch;
    for (const item of items) this.#number(item);
    this.#batches.set(first, batch);
    const descriptions = items.map((item) => this.#describe(item));
    this.#post({ ...batch.toTask(this.#settings.store, 'blocking'), first, descriptions });
    // If one of them ends the thread again, those of this batch are lost with it, and not all that its shard would hold.
    const isPoisoned = items.filter((item) => this.#poisons.delete(item)).length > 0;
    if (isPoisoned && this.#settings.only === undefined) this.#postSeal();
  }

  #postSeal(): void {
    if (this.#leaves && this.#worker === undefined) this.#accountLeft();
    else if (this.#parts.size > 0 || this.#settings.only !== undefined) this.#worker ??= this.#start();
    this.#worker?.postMessage((this.#leaves ? 'leave' : 'seal') satisfies TarTask);
  }

  #number(item: Item): number {
    this.#items.set(this.#nextId, item);
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  /** Once for each body: what is kept for it goes with it. */
  #describe(item: Item): Description {
    const told = this.#answers.get(item) ?? NOTHING_TOLD;
    this.#answers.delete(item);
    const description: Description = { index: item.index, url: withoutPassword(item.url), ...told };
    const caption = this.#captionColumn === undefined ? undefined : captionOf(item, this.#captionColumn);
    return caption === undefined ? description : { ...description, caption };
  }

  #post(task: TarBatchTask | TarLargeTask): void {
    this.#anyOpen = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage(task satisfies TarTask, task.kind === 'large' ? [task.port] : []);
  }

  #start(): Worker {
    const parts = [...this.#parts.values()];
    const workerData: TarSettings = { ...this.#settings, firstShard: this.#nextShard, parts };
    const worker = new Worker(ENTRY, {
      workerData,
      execArgv: [],
      resourceLimits: WRITER_LIMITS,
    });
    worker.on('message', (message: TarMessage) => this.#account(message));
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    // All that it was sent and has answered is accounted for by now: messages come before the end.
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#accountLost(workerLost(cause));
    });
    return worker;
  }

  #account(message: TarMessage): void {
    if (message.kind === 'left') this.#accountLeft();
    else if (message.kind === 'settled') {
      const { number, part, ids, result, times } = message;
      this.#nextShard = Math.max(this.#nextShard, number + 1);
      if (times !== undefined) this.#times.add(times);
      const isOnly = this.#settings.only !== undefined;
      if (isOnly) this.#isOver = true;
      const hasFailed = 'error' in result;
      // Without the only one nothing is stored.
      if (this.#parts.delete(part) || (isOnly && hasFailed))
        this.#listener.onTakenUp(part, hasFailed ? result.error : { shard: number });
      if (isOnly && hasFailed) {
        this.#accountLeft();
        return;
      }
      for (const [position, id] of ids.entries()) {
        this.#tell(
          id,
          'error' in result ? result.error : { ...(result.stored[position] as StoredFile), shard: message.number },
        );
      }
    } else {
      this.#times.add(message.times);
      this.#release(message.first);
      const failures = new Map(message.failures.map(({ position, error }) => [position, error]));
      for (let position = 0; position < message.count; position += 1) {
        const id = message.first + position;
        const failure = failures.get(position);
        const item = this.#items.get(id);
        if (failure !== undefined) this.#tell(id, failure);
        // Otherwise its shard is full already, and it is told of as stored.
        else if (item !== undefined) this.#listener.onWritten(item);
      }
      this.#sealIfWritten();
    }
    this.#onProgress?.();
  }

  #tell(id: number, result: StoreResult): void {
    const item = this.#items.get(id);
    if (item === undefined) return;
    this.#items.delete(id);
    this.#listener.onStored(item, result);
  }

  /** What is written is neither stored nor lost: who goes on finds it. */
  #accountLeft(): void {
    this.#isOver = true;
    this.#parts.clear();
    for (const id of this.#items.keys()) this.#tell(id, LEFT);
    this.#onProgress?.();
  }

  /** Frees what a task that is answered or lost had taken. */
  #release(first: number): void {
    const batch = this.#batches.get(first);
    this.#batches.delete(first);
    if (batch !== undefined) this.#batcher.done(batch);
    const sender = this.#senders.get(first);
    sender?.settled();
    this.#senders.delete(first);
    // Whoever aborted it knows.
    if (sender?.aborted === true) this.#items.delete(first);
  }

  /** What comes after goes to a new thread. */
  #accountLost(error: PlainError): void {
    for (const first of this.#senders.keys()) this.#release(first);
    const lost = [...this.#items.keys()];
    // Not those that are sent in their place.
    const batches = [...this.#batches.keys()];
    for (const first of batches) this.#release(first);
    for (const id of lost) this.#tell(id, error);
    this.#takeUpAgain(lost.length > 0, error);
    this.#onProgress?.();
  }

  /** The next thread goes on with what earlier runs have left, unless it is that which ends threads. */
  #takeUpAgain(mayGoOn: boolean, error: PlainError): void {
    this.#anyOpen ||= this.#parts.size > 0 || this.#settings.only !== undefined;
    if (!mayGoOn) {
      const { only } = this.#settings;
      for (const part of only === undefined ? this.#parts.keys() : [only]) this.#listener.onTakenUp(part, error);
      this.#parts.clear();
      this.#isOver = true;
    } else if (this.#closing) this.seal(!this.#leaves);
  }
}

function captionOf({ details }: Item, column: string): string | undefined {
  const value = details?.columns?.[column];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function workerLost(error: unknown): PlainError {
  return toPlain(error, {
    code: 'WORKER_LOST',
    message: 'the thread that wrote the shards ended unexpectedly',
    hint: 'run the same command again; if it happens again, report it with the output of --verbose',
  });
}

/** @param headers name, value, name, value ... */
function keep(headers: string[], name: string, value: string): void {
  if (value === '') return;
  const at = headers.indexOf(name);
  if (at === -1) headers.push(name, value);
  else headers[at + 1] = value;
}
