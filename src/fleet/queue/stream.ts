/** The queue itself: a stream of JetStream that has a message for each shard that is to be done, and one consumer. */
import {
  AckPolicy,
  type Consumer,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  jetstream,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type Connection, isForbidden } from './connection.js';
import { denied, unfit, withoutJetStream } from './faults.js';

/** What was handed to this worker. */
export interface Handed {
  /** NaN where somebody else has put something else there. */
  readonly shard: number;
  readonly message: JsMsg;
}

const CONSUMER = 'workers';
/** Messages that are published at once. */
const BATCH = 500;
const NANOSECONDS = 1_000_000;
/** Of a cluster, for the queue to outlive one of its servers. */
const REPLICAS = 3;
const NAME_IN_USE = 10058;
const NOT_FOUND: ReadonlySet<number> = new Set([10014, 10059]);
const NOT_ENABLED: ReadonlySet<number> = new Set([10039, 10076]);
/** `per subject`: the shard is queued already. */
const QUEUED_ALREADY = 10077;
const OVERLAP = 10065;

export class Stream {
  readonly name: string;
  readonly #id: string;
  readonly #connection: Connection;
  readonly #manager: JetStreamManager;
  readonly #client: JetStreamClient;
  #consumer: Consumer | undefined;

  private constructor(connection: Connection, id: string, manager: JetStreamManager) {
    this.name = `sluice-${id}`;
    this.#id = id;
    this.#connection = connection;
    this.#manager = manager;
    this.#client = jetstream(connection.nats);
  }

  /** @throws SluiceError with code `QUEUE_UNFIT` or `QUEUE_DENIED`; another error where it may pass */
  static async of(connection: Connection, id: string): Promise<Stream> {
    try {
      return new Stream(connection, id, await jetstreamManager(connection.nats));
    } catch (error) {
      throw meaningOf(error, connection.shown);
    }
  }

  /**
   * The mark of the stream that is there; undefined if there is none.
   *
   * @throws SluiceError with code `QUEUE_UNFIT` if it is not a queue of this plan
   */
  async mark(): Promise<string | undefined> {
    try {
      const { config } = await this.#manager.streams.info(this.name);
      const mark = new RegExp(`^sluice plan ${this.#id}, mark (\\w+)$`).exec(config.description ?? '')?.[1];
      const wrong = mark === undefined ? ['description'] : this.#wrongOf(config);
      if (mark !== undefined && wrong.length === 0) return mark;
      const because = `its stream ${this.name} is no queue of this plan (other ${wrong.join(', ')})`;
      throw unfit(this.#connection.shown, because, 'find out whose stream it is, and delete it if it is nobody’s');
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw meaningOf(error, this.#connection.shown);
    }
  }

  /** @returns false if there is one already @throws SluiceError with code `QUEUE_UNFIT` where the server takes none */
  async make(mark: string): Promise<boolean> {
    const config = { ...this.#settings(), name: this.name, description: `sluice plan ${this.#id}, mark ${mark}` };
    try {
      // A cluster with fewer servers takes fewer.
      if (this.#connection.nats.info?.cluster !== undefined && (await this.#isMade(config, REPLICAS))) return true;
      await this.#manager.streams.add({ ...config, num_replicas: 1 });
      return true;
    } catch (error) {
      if (codeOf(error) === NAME_IN_USE) return false;
      if (codeOf(error) === OVERLAP) {
        const because = `another stream of it takes the subjects ${config.subjects.join(', ')}`;
        throw unfit(this.#connection.shown, because, 'give the queue an account or a server of its own', error);
      }
      throw meaningOf(error, this.#connection.shown);
    }
  }

  /**
   * Begins to wait for messages.
   *
   * @param lease milliseconds after which a shard of which nothing is heard goes to another worker
   * @returns the lease that the queue has, which the first of its workers has set
   */
  async attend(lease: number): Promise<number> {
    try {
      await this.#manager.consumers.info(this.name, CONSUMER).catch(async (error: unknown) => {
        if (!isNotFound(error)) throw error;
        await this.#manager.consumers.add(this.name, {
          durable_name: CONSUMER,
          ack_policy: AckPolicy.Explicit,
          ack_wait: lease * NANOSECONDS,
          // How often a shard was tried is counted on the storage.
          max_deliver: -1,
          max_ack_pending: -1,
          max_waiting: 10_000,
        });
      });
      this.#consumer = await this.#client.consumers.get(this.name, CONSUMER);
      const { config } = await this.#consumer.info(true);
      return (config.ack_wait ?? lease * NANOSECONDS) / NANOSECONDS;
    } catch (error) {
      throw meaningOf(error, this.#connection.shown);
    }
  }

  /** How many shards it has: those that wait, and those that somebody works on. */
  async count(): Promise<number> {
    return (await this.#manager.streams.info(this.name)).state.messages;
  }

  /** A shard that is there already stays as it is. */
  async fill(shards: readonly number[]): Promise<void> {
    const expect = { streamName: this.name };
    for (let from = 0; from < shards.length; from += BATCH) {
      await Promise.all(
        shards.slice(from, from + BATCH).map(async (shard) => {
          try {
            await this.#client.publish(`sluice.${this.#id}.shard.${shard}`, '', { expect });
          } catch (error) {
            if (codeOf(error) !== QUEUED_ALREADY) throw error;
          }
        }),
      );
    }
  }

  /** @returns undefined if none was to be had within `wait` milliseconds, or the signal was aborted */
  async take(wait: number, signal: AbortSignal): Promise<Handed | undefined> {
    if (this.#consumer === undefined || signal.aborted) return undefined;
    const messages = await this.#consumer.fetch({ max_messages: 1, expires: wait });
    const stop = (): void => void messages.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const message of messages) {
        const [last = ''] = /[^.]*$/.exec(message.subject) ?? [];
        return { shard: /^\d+$/.test(last) ? Number(last) : NaN, message };
      }
      return undefined;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async remove(): Promise<void> {
    await this.#manager.streams.delete(this.name).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  async #isMade(config: Partial<StreamConfig> & { name: string }, replicas: number): Promise<boolean> {
    try {
      await this.#manager.streams.add({ ...config, num_replicas: replicas });
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || code === NAME_IN_USE || code === OVERLAP) throw error;
      return false;
    }
  }

  #settings() {
    return {
      subjects: [`sluice.${this.#id}.shard.*`],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      // One message for each shard: what is published again is refused, so anybody may fill the queue at any time.
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
    };
  }

  #wrongOf(config: StreamConfig): string[] {
    return Object.entries(this.#settings())
      .filter(([name, value]) => JSON.stringify(config[name as keyof StreamConfig]) !== JSON.stringify(value))
      .map(([name]) => name);
  }
}

function codeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

function isNotFound(error: unknown): boolean {
  return NOT_FOUND.has(codeOf(error) ?? 0);
}

/** An error of sluice where it will not pass by itself, else the same. */
function meaningOf(error: unknown, shown: string): unknown {
  if (isForbidden(error)) return denied(shown, error.message, error);
  const code = codeOf(error);
  // The client has no class of it to import.
  if ((error as Error).name === 'JetStreamNotEnabled' || NOT_ENABLED.has(code ?? 0)) {
    return withoutJetStream(shown, error);
  }
  // What the server cannot do now has a status of 5xx.
  if (error instanceof JetStreamApiError && error.status < 500 && !isNotFound(error)) {
    return unfit(shown, error.message, 'see what the server allows to this account', error);
  }
  return error;
}
