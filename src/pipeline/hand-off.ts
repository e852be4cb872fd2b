/** The stages of a run: requests on the main thread, which hand bodies over to an executor. */
import type { BodyWriter } from '../body.js';
import type { PlainError } from '../errors.js';
import { PartialFiles } from '../destination/partial-files.js';
import { createExecutor, createTarExecutor } from '../executor/create.js';
import type { Executor, LargeBody } from '../executor/executor.js';
import { HeldWriter } from '../executor/held-writer.js';
import type { TarExecutor, TarListener } from '../executor/tar.js';
import { Pauses } from '../executor/pauses.js';
import { Attempt, type AttemptListener, type AttemptRules } from '../fetch/attempt.js';
import { answeredBy } from '../fetch/answered.js';
import { Connections } from '../fetch/client.js';
import type { AttemptFailure } from '../fetch/failure.js';
import { timeOf } from '../fetch/modified.js';
import { openWay } from '../fetch/network.js';
import type { Redirected } from '../fetch/redirect.js';
import type { Item } from '../item.js';
import { bootId } from '../journal/boot.js';
import type { Updates } from '../journal/updates.js';
import type { Answer } from '../outcome.js';
import { isStored, type Kept, type Whole } from '../protocol/result.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { Lease, Naming, Work } from '../schedule/work.js';
import type { Setting } from '../verdict/attribution.js';
import { StagesDetector } from '../verdict/detector.js';
import { Sampler } from '../verdict/sampler.js';
import type { Dedupe } from './dedupe.js';
import type { AnswerNaming } from './naming.js';
import { replace } from './replacing.js';
import type { Resumption } from './resume.js';
import type { RobotsAsking } from './robots.js';
import {
  openRobots,
  type RunSample,
  type Sampling,
  type StageListener,
  type StageOptions,
  type Stages,
} from './stages.js';
import { isInShards } from '../protocol/layouts.js';

/** What not every run has. */
interface Parts {
  readonly naming: AnswerNaming | undefined;
  readonly robots: RobotsAsking | undefined;
  readonly originals: WeakMap<Item, Item>;
  readonly partials?: PartialFiles;
  readonly tar?: TarExecutor;
  readonly dedupe?: Dedupe | undefined;
}

/** A body that is not held whole. */
interface Large extends Pick<LargeBody, 'item' | 'encoding' | 'modified'> {
  /** The item as its file is called. */
  readonly called: Item;
  readonly onRoom: () => void;
  readonly lease: Lease;
  readonly whole: Whole | Kept | undefined;
}

export class HandOff implements Stages, AttemptListener {
  readonly #connections: Connections;
  readonly #executor: Executor;
  /** Of bodies that have files of their own. */
  readonly #partials: PartialFiles | undefined;
  readonly #rules: AttemptRules;
  readonly #scheduler: Scheduler;
  /** Only where what is stored is asked for, in case it has changed. */
  readonly #updates: Updates | undefined;
  readonly #mtime: boolean;
  readonly #listener: StageListener;
  readonly #pauses = new Pauses();
  /** Only where names depend on answers. */
  readonly #naming: AnswerNaming | undefined;
  /** Only where robots.txt is respected. */
  readonly #robots: RobotsAsking | undefined;
  /** Items that have got another name, by the objects that have it. */
  readonly #originals: WeakMap<Item, Item>;
  /** Bodies that are whole and wait until the journal knows their names. */
  readonly #held = new Set<Promise<void>>();
  readonly #tar: TarExecutor | undefined;
  /** Only where files with the same bytes are to be one. */
  readonly #dedupe: Dedupe | undefined;
  /** Only where headers are kept, or say names. */
  readonly onHeaders: AttemptListener['onHeaders'];

  /** @param naming where names depend on answers */
  static async open(stages: StageOptions, listener: StageListener, naming?: AnswerNaming): Promise<HandOff> {
    const { options, network, settings, maxIdle, own, resumption, isLone } = stages;
    const { executor: name, workers, layout, shardSize, captionColumn, timeout } = options;
    const originals = new WeakMap<Item, Item>();
    const originalOf = (item: Item): Item => originals.get(item) ?? item;
    const isCalledOtherwise = naming !== undefined || resumption.updates !== undefined;
    const tell: StageListener['onStored'] = isCalledOtherwise
      ? (item, result) => listener.onStored(originalOf(item), result)
      : (item, result) => listener.onStored(item, result);
    const { dedupe } = resumption;
    const onStored = dedupe === undefined ? tell : linking(dedupe, tell);
    const connections = new Connections({ timeout, maxIdle, ...(await openWay(network)) });
    const robots = await openRobots(stages, listener, connections);
    if (isInShards(layout)) {
      const onWritten: StageListener['onWritten'] = (item) => listener.onWritten(originalOf(item));
      const { firstShard, parts, archive: only } = resumption;
      const setting = { store: settings, shardSize, firstShard, unsealed: own, parts, only };
      const onTakenUp = takingUp(resumption, listener);
      const tar = await createTarExecutor(setting, { onStored, onWritten, onTakenUp }, captionColumn);
      return new HandOff(stages, listener, connections, tar, { naming, robots, originals, tar });
    }
    if (name === 'threads') throw new RangeError('threads hand nothing over');
    const executor = await createExecutor(name, workers, settings, onStored, isLone);
    const partials = await PartialFiles.open(own, await bootId());
    return new HandOff(stages, listener, connections, executor, { naming, robots, originals, partials, dedupe });
  }

  private constructor(
    { rules, scheduler, resumption, options }: StageOptions,
    listener: StageListener,
    connections: Connections,
    executor: Executor,
    { naming, robots, originals, partials, tar, dedupe }: Parts,
  ) {
    this.#rules = rules;
    this.#scheduler = scheduler;
    this.#updates = resumption.updates;
    this.#mtime = options.mtime;
    this.#listener = listener;
    this.#connections = connections;
    this.#executor = executor;
    this.#partials = partials;
    this.#naming = naming;
    this.#robots = robots;
    this.#originals = originals;
    this.#tar = tar;
    this.#dedupe = dedupe;
    this.onHeaders = naming === undefined ? undefined : this.#onHeaders;
  }

  start(work: Work, from: Redirected | undefined): void {
    this.#tar?.prepare();
    const kept = this.#partials?.of(work.item);
    const attempt = new Attempt(work.item, work, this.#connections, this.#rules, this, kept, from);
    // Before it starts, since it may end at once.
    work.attempt = attempt;
    attempt.start();
  }

  askRobots(work: Work): void {
    this.#robots?.ask(work);
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

  seal(whole: boolean): void {
    this.#executor.seal?.(whole);
  }

  async drain(whole: boolean): Promise<void> {
    while (this.#held.size > 0) await Promise.all(this.#held);
    await this.#executor.close(whole);
    await this.#dedupe?.drain();
  }

  async close(complete: boolean): Promise<void> {
    await this.#partials?.close(complete);
  }

  disconnect(): Promise<void> {
    return this.#connections.destroy();
  }

  onAnswer(item: Item, answer: Answer): void {
    this.#listener.onAnswer(item, answer, 0);
    this.#tar?.onAnswer(item, answer);
  }

  onRedirect(item: Item, to: Redirected): void {
    this.#listener.onRedirect(item, to);
  }

  onAgain(item: Item): void {
    this.#scheduler.again(item);
  }

  onUnproven(item: Item): void {
    this.#tar?.onUnproven(item);
    this.#listener.onUnproven(item);
  }

  onBent(item: Item): void {
    this.#listener.onBent(item);
  }

  onBody(item: Item, chunks: readonly Uint8Array[], length: number, encoding: string): boolean {
    const work = this.#scheduler.inFlight.of(item);
    if (item.conditions !== undefined) replace(work, this.#updates);
    const { isPoison, naming } = work;
    const modified = this.#modified(work);
    this.#listener.onFetched(item, length, 0);
    let isCopied = false;
    if (naming === undefined) isCopied = this.#executor.store({ item, chunks, length, encoding, isPoison, modified });
    else {
      this.#whenNamed(naming, () => {
        if (naming.refused !== undefined) this.#listener.onStored(item, naming.refused);
        else this.#executor.store({ item: this.#called(item, naming), chunks, length, encoding, isPoison, modified });
      });
    }
    this.#listener.onRoom();
    return isCopied;
  }

  openLarge(item: Item, encoding: string, onRoom: () => void, whole?: Whole | Kept): BodyWriter {
    const work = this.#scheduler.inFlight.of(item);
    if (item.conditions !== undefined) replace(work, this.#updates);
    const { naming } = work;
    const modified = this.#modified(work);
    const lease = this.#scheduler.enlarge(item);
    const open = (called: Item): BodyWriter =>
      this.#openWriter({ item, called, encoding, onRoom, lease, whole, modified });
    if (naming === undefined) return open(item);
    const onLeft = (): void => this.#leave(lease);
    const held = new HeldWriter({ onRoom, onLeft });
    this.#whenNamed(naming, () => {
      if (held.aborted) return;
      const { refused } = naming;
      if (refused === undefined) {
        held.open(open(this.#called(item, naming)));
      } else {
        held.open(undefined);
        this.#listener.onStored(item, refused);
      }
    });
    return held;
  }

  #openWriter({ item, called, encoding, onRoom, lease, whole, modified }: Large): BodyWriter {
    const partial = whole && this.#partials?.begin(item, whole);
    const onLeft = (): void => {
      partial?.onLeft();
      this.#leave(lease);
    };
    return this.#pauses.counted(
      (onCounted) =>
        this.#executor.storeLarge(
          { item: called, encoding, window: lease.bytes, partial: partial?.job, modified },
          { onRoom: onCounted, onLeft },
        ),
      onRoom,
    );
  }

  /** The time that its file gets, where it is to be that which its server says. */
  #modified({ answer }: Work): number | undefined {
    return this.#mtime && answer !== undefined ? timeOf(answer.lastModified) : undefined;
  }

  #leave(lease: Lease): void {
    this.#scheduler.giveBack(lease);
    this.#listener.onRoom();
  }

  readonly #onHeaders = (item: Item, headers: readonly Buffer[], url: string): void => {
    this.#naming?.onAnswer(this.#scheduler.inFlight.of(item), answeredBy(headers, url));
  };

  /** Does it at once where the journal knows the name. */
  #whenNamed({ settled }: Naming, what: () => void): void {
    if (settled === undefined) {
      what();
      return;
    }
    const held: Promise<void> = settled.then(() => {
      this.#held.delete(held);
      what();
    });
    this.#held.add(held);
  }

  /** The item as its file is called, and numbered in its shard. */
  #called(item: Item, { name, successor }: Naming): Item {
    if (name === item.name && successor === undefined) return item;
    const called = { ...item, name, index: successor?.index ?? item.index };
    this.#originals.set(called, item);
    this.#tar?.onRenamed(item, called);
    return called;
  }

  onLarge(item: Item): void {
    this.#listener.onFetched(item, undefined, 0);
    this.#listener.onRoom();
  }

  onNotFound(item: Item, status: number): void {
    this.#listener.onNotFound(item, status);
  }

  onUnchanged(item: Item): void {
    this.#listener.onUnchanged(item);
  }

  onDisallowed(item: Item, error: PlainError): void {
    this.#listener.onDisallowed(item, error);
  }

  onFailure(item: Item, failure: AttemptFailure): void {
    this.#listener.onFailure(item, failure);
  }
}

/** What is stored becomes a link to what is there, before anybody is told of it. */
function linking(dedupe: Dedupe, tell: StageListener['onStored']): StageListener['onStored'] {
  return (item, result) => {
    if (isStored(result)) dedupe.settle(item, result, (settled) => tell(item, settled));
    else tell(item, result);
  };
}

/** What earlier runs have written is stored when its shard has its final name: the list is past it by then. */
function takingUp({ parts, journal }: Resumption, listener: StageListener): TarListener['onTakenUp'] {
  return (number, result) => {
    if (!('shard' in result)) {
      listener.onStorageFailure(result);
      return;
    }
    const { items } = parts.find((part) => part.number === number) ?? { items: [] };
    for (const { index, size, crc32, url, unproven = false, learned } of items) {
      const file = { size, crc32, shard: result.shard };
      journal?.stored(index, file, unproven, learned && { ...learned, url });
    }
  };
}
