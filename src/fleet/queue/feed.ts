/**
 * The shards of a plan as a queue hands them out to many workers. The queue is advice: which shards are done the storage
 * alone says. So whenever the queue is empty it is filled with those that the storage says are to be done, by whoever
 * finds it empty; and when there are none, the plan is done. A queue that forgets all loses nothing by that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../../errors.js';
import type { ShardFeed, Turn } from '../feed.js';
import { type Connection, isUnheard } from './connection.js';
import { elsewhere, lost, unfit } from './faults.js';
import { makeMark, removeMark, seesMark } from './mark.js';
import { type Handed, Stream } from './stream.js';

/** What the storage says of a plan. */
export interface QueuedPlan {
  readonly directory: string;
  readonly id: string;
  readonly shards: number;
  /** The folder of the marks, in one that is there. */
  readonly marks: string;
  /** Those that are neither done nor failed. */
  toDo(): Promise<readonly number[]>;
}

export interface FeedOptions {
  /** How it is called where others read it. */
  readonly worker: string;
  /** Milliseconds. */
  readonly lease: number;
  readonly note: (text: string) => void;
  /** Milliseconds that the queue may be away. */
  readonly patience?: number;
}

const PATIENCE = 10 * 60_000;
/** Milliseconds that something which passes may last when a worker begins. */
const FIRST_PATIENCE = 15_000;
/** Milliseconds that one question for a shard waits at the server. */
const WAIT = 5_000;
/** Milliseconds more after which it counts as unheard. */
const GRACE = 3_000;
const BETWEEN_TRIES = 1_000;
/** Milliseconds between two looks at the storage while the queue is away. */
const BETWEEN_LOOKS = 30_000;
const ACK_TIMEOUT = 3_000;
/** The plan is done. */
const NONE_LEFT = 'none left';

export class QueueFeed implements ShardFeed {
  readonly #connection: Connection;
  readonly #plan: QueuedPlan;
  readonly #options: FeedOptions;
  #stream: Stream | undefined;
  #lease: number;
  /** That this worker has seen on its storage. */
  #mark = '';
  #here: { unsubscribe(): void } | undefined;
  /** When the queue was last heard of, if it is away. */
  #away: number | undefined;
  #looked = 0;
  /** Of which this worker has told that they are done. */
  readonly #told = new Set<number>();

  private constructor(connection: Connection, plan: QueuedPlan, options: FeedOptions) {
    this.#connection = connection;
    this.#plan = plan;
    this.#options = options;
    this.#lease = options.lease;
  }

  /** @throws SluiceError with code `QUEUE_UNFIT`, `QUEUE_DENIED` or `PLAN_ELSEWHERE` */
  static async open(connection: Connection, plan: QueuedPlan, options: FeedOptions): Promise<QueueFeed> {
    const feed = new QueueFeed(connection, plan, options);
    for (const began = performance.now(); ;) {
      try {
        feed.#stream = await feed.#attended();
        return feed;
      } catch (error) {
        const isOver = performance.now() - began > FIRST_PATIENCE;
        if (!isOver && !(error instanceof SluiceError)) {
          await sleep(BETWEEN_TRIES);
          continue;
        }
        await connection.close();
        if (error instanceof SluiceError) throw error;
        throw unfit(connection.shown, (error as Error).message, 'see the log of the server', error);
      }
    }
  }

  async next(signal: AbortSignal): Promise<Turn | undefined> {
    for (;;) {
      signal.throwIfAborted();
      try {
        this.#stream ??= await this.#attended();
        const handed = this.#stream === undefined ? NONE_LEFT : await this.#taken(this.#stream, signal);
        this.#away = undefined;
        if (handed === NONE_LEFT) {
          this.#stream = undefined;
          return undefined;
        }
        if (handed !== undefined && handed.shard < this.#plan.shards) return this.#turnOf(handed);
        // Somebody else has put it there.
        handed?.message.ack();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof SluiceError) throw error;
        this.#stream = undefined;
        if (await this.#isDoneMeanwhile(error)) {
          this.#away = undefined;
          return undefined;
        }
        await sleep(BETWEEN_TRIES, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** @returns undefined for now */
  async #taken(stream: Stream, signal: AbortSignal): Promise<Handed | typeof NONE_LEFT | undefined> {
    if (!this.#connection.isUp) throw new Error('the connection is lost');
    if ((await stream.count()) === 0) {
      const toDo = await this.#plan.toDo();
      if (toDo.length === 0) {
        // Who still waits there hears of it, and looks at the storage for itself.
        await stream.remove();
        await removeMark(this.#plan.marks, this.#mark);
        return NONE_LEFT;
      }
      // A file system of a network may show late what has been done.
      if (toDo.every((shard) => this.#told.has(shard))) await sleep(BETWEEN_TRIES, undefined, { signal });
      await stream.fill(toDo);
    }
    // Of a connection that is silently dead nothing comes at all, not even that there is no shard.
    const unheard = AbortSignal.timeout(WAIT + GRACE);
    const handed = await stream.take(WAIT, AbortSignal.any([signal, unheard]));
    if (unheard.aborted && handed === undefined) throw new Error('the queue does not answer');
    return handed;
  }

  /** The stream, which is made where there is none; undefined if there is nothing to be done either. */
  async #attended(): Promise<Stream | undefined> {
    this.#here?.unsubscribe();
    const stream = await Stream.of(this.#connection, this.#plan.id);
    for (let isMine = false; !isMine;) {
      const there = await stream.mark();
      if (there === undefined && (await this.#plan.toDo()).length === 0) return undefined;
      isMine = there === undefined ? await this.#isMade(stream) : await this.#isSeen(stream, there);
    }
    this.#lease = await stream.attend(this.#options.lease);
    const { worker } = this.#options;
    this.#here = this.#connection.nats.subscribe(this.#hereSubject, {
      // An error has no message: this user may not listen.
      callback: (error, message) => void (error ?? message.respond(worker)),
    });
    return stream;
  }

  /** False if another worker was quicker. */
  async #isMade(stream: Stream): Promise<boolean> {
    const { marks } = this.#plan;
    const mark = await makeMark(marks);
    const isMade = await stream.make(mark);
    // Of the two, that of a queue that is no more, or that nobody was told of.
    await removeMark(marks, isMade ? this.#mark : mark);
    if (isMade) this.#mark = mark;
    return isMade;
  }

  /**
   * Whether the queue is of this storage. One that is not, and was left behind, is removed.
   *
   * @throws SluiceError with code `PLAN_ELSEWHERE` if somebody works there
   */
  async #isSeen(stream: Stream, mark: string): Promise<boolean> {
    const isSeen = mark === this.#mark || (await seesMark(this.#plan.marks, mark));
    if (isSeen) this.#mark = mark;
    // Its last worker takes both away: then nothing is wrong.
    if (isSeen || (await stream.mark()) !== mark) return isSeen;
    const { directory } = this.#plan;
    try {
      const answer = await this.#connection.nats.request(this.#hereSubject, '', { timeout: ACK_TIMEOUT });
      throw elsewhere(directory, `worker ${answer.string()}`, stream.name);
    } catch (error) {
      if (!isUnheard(error)) {
        throw error instanceof SluiceError ? error : elsewhere(directory, 'one that does not answer', stream.name);
      }
    }
    this.#options.note('queue: nobody works on what was left there of another folder; it is made anew');
    await stream.remove();
    return false;
  }

  /** @throws SluiceError with code `QUEUE_LOST` when it has been away for too long */
  async #isDoneMeanwhile(error: unknown): Promise<boolean> {
    const now = performance.now();
    this.#away ??= now;
    const { patience = PATIENCE } = this.#options;
    if (now - this.#away > patience) throw lost(this.#connection.shown, (now - this.#away) / 1_000, error);
    if (now - this.#looked < BETWEEN_LOOKS) return false;
    this.#looked = now;
    return (await this.#plan.toDo()).length === 0;
  }

  get #hereSubject(): string {
    return `sluice.${this.#plan.id}.here`;
  }

  #turnOf({ shard, message }: Handed): Turn {
    const tell = async (): Promise<void> => {
      this.#told.add(shard);
      // Without an answer somebody gets the shard again, and finds it done.
      if (this.#connection.isUp) await message.ackAck({ timeout: ACK_TIMEOUT }).catch(() => undefined);
      else quietly(() => message.ack());
    };
    let worked = performance.now();
    return {
      shard,
      done: tell,
      failed: tell,
      again: async (delay) => quietly(() => message.nak(delay)),
      working: () => {
        const now = performance.now();
        if (now - worked < this.#lease / 3) return;
        worked = now;
        quietly(() => message.working());
      },
    };
  }
}

/** A connection that was closed takes nothing, which does no harm. */
function quietly(tell: () => void): void {
  try {
    tell();
  } catch {
    // The shard is handed out again, and what the storage says of it decides.
  }
}
