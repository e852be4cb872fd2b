/** The stages of a run: requests on the main thread, which hand bodies over to an executor. */
import type { BodyWriter } from '../body.js';
import { PartialFiles } from '../destination/partial-files.js';
import { createExecutor, createTarExecutor } from '../executor/create.js';
import type { Executor } from '../executor/executor.js';
import { Pauses } from '../executor/pauses.js';
import { Attempt, type AttemptListener, type AttemptRules } from '../fetch/attempt.js';
import { Connections } from '../fetch/client.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { Redirected } from '../fetch/redirect.js';
import type { Item } from '../item.js';
import { bootId } from '../journal/boot.js';
import type { Answer } from '../outcome.js';
import type { Kept, Whole } from '../protocol/result.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { Work } from '../schedule/work.js';
import type { Setting } from '../verdict/attribution.js';
import { StagesDetector } from '../verdict/detector.js';
import { Sampler } from '../verdict/sampler.js';
import type { RunSample, Sampling, StageListener, StageOptions, Stages } from './stages.js';
import { isInShards } from '../protocol/layouts.js';

export class HandOff implements Stages, AttemptListener {
  readonly #connections: Connections;
  readonly #executor: Executor;
  /** Of bodies that have files of their own. */
  readonly #partials: PartialFiles | undefined;
  readonly #rules: AttemptRules;
  readonly #scheduler: Scheduler;
  readonly #listener: StageListener;
  readonly #pauses = new Pauses();
  /** Only where headers are kept. */
  readonly onHeaders: AttemptListener['onHeaders'];

  static async open(stages: StageOptions, listener: StageListener): Promise<HandOff> {
    const { options, settings, firstShard, maxIdle, own } = stages;
    const { executor: name, workers, layout, shardSize, captionColumn, timeout } = options;
    const onStored: StageListener['onStored'] = (item, result) => listener.onStored(item, result);
    const connections = new Connections({ timeout, maxIdle });
    if (isInShards(layout)) {
      const onWritten: StageListener['onWritten'] = (item) => listener.onWritten(item);
      const tar = await createTarExecutor(settings, shardSize, firstShard, { onStored, onWritten }, captionColumn);
      return new HandOff(stages, listener, connections, tar, undefined, tar.onHeaders);
    }
    if (name === 'threads') throw new RangeError('threads hand nothing over');
    const executor = await createExecutor(name, workers, settings, onStored);
    return new HandOff(stages, listener, connections, executor, await PartialFiles.open(own, await bootId()));
  }

  private constructor(
    { rules, scheduler }: StageOptions,
    listener: StageListener,
    connections: Connections,
    executor: Executor,
    partials?: PartialFiles,
    onHeaders?: AttemptListener['onHeaders'],
  ) {
    this.#rules = rules;
    this.#scheduler = scheduler;
    this.#listener = listener;
    this.#connections = connections;
    this.#executor = executor;
    this.#partials = partials;
    this.onHeaders = onHeaders;
  }

  start(work: Work, from: Redirected | undefined): void {
    const kept = this.#partials?.of(work.item);
    const attempt = new Attempt(work.item, work, this.#connections, this.#rules, this, kept, from);
    // Before it starts, since it may end at once.
    work.attempt = attempt;
    attempt.start();
  }

  isBusy(item: Item): boolean {
    return this.#partials?.isBusy(item) === true;
  }

  forget(item: Item): void {
    this.#partials?.forget(item);
  }

  keepFew(): void {
    this.#connections.keepFew();
  }

  sample(setting: Setting, run: () => RunSample): Sampling {
    return new Sampler(new StagesDetector(setting), () => {
      const { running, answered, exhausted, ...sample } = run();
      const load = this.#executor.takeLoad();
      return {
        ...sample,
        load: { ...load, waiting: load.waiting + this.#pauses.count },
        onlyStore: running === 0 && exhausted,
        requests: { asked: running - answered, answered },
      };
    });
  }

  seal(): void {
    this.#executor.seal?.();
  }

  drain(): Promise<void> {
    return this.#executor.close();
  }

  async close(complete: boolean): Promise<void> {
    await this.#partials?.close(complete);
  }

  disconnect(): Promise<void> {
    return this.#connections.destroy();
  }

  onAnswer(item: Item, answer: Answer): void {
    this.#listener.onAnswer(item, answer, 0);
  }

  onRedirect(item: Item, to: Redirected): void {
    this.#listener.onRedirect(item, to);
  }

  onUnproven(item: Item): void {
    this.#listener.onUnproven(item);
  }

  onBody(item: Item, chunks: readonly Uint8Array[], length: number, encoding: string): void {
    const { isPoison } = this.#scheduler.inFlight.of(item);
    this.#listener.onFetched(item, length, 0);
    this.#executor.store({ item, chunks, length, encoding, isPoison });
    this.#listener.onRoom();
  }

  openLarge(item: Item, encoding: string, onRoom: () => void, whole?: Whole | Kept): BodyWriter {
    const lease = this.#scheduler.enlarge(item);
    const partial = whole && this.#partials?.begin(item, whole);
    const onLeft = (): void => {
      partial?.onLeft();
      this.#scheduler.giveBack(lease);
      this.#listener.onRoom();
    };
    return this.#pauses.counted(
      (onCounted) =>
        this.#executor.storeLarge(item, encoding, lease.bytes, { onRoom: onCounted, onLeft }, partial?.job),
      onRoom,
    );
  }

  onLarge(item: Item): void {
    this.#listener.onFetched(item, undefined, 0);
    this.#listener.onRoom();
  }

  onNotFound(item: Item, status: number): void {
    this.#listener.onNotFound(item, status);
  }

  onFailure(item: Item, failure: AttemptFailure): void {
    this.#listener.onFailure(item, failure);
  }
}
