/**
 * What fetches and stores: in stages, which hand bodies over to one another, or, to be compared with, in threads that each
 * do the whole.
 */
import type { PlainError } from '../errors.js';
import type { AttemptRules } from '../fetch/attempt.js';
import type { Connections } from '../fetch/client.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { Network } from '../fetch/network.js';
import type { Redirected } from '../fetch/redirect.js';
import type { RobotsAnswer } from '../fetch/robots-request.js';
import type { Item } from '../item.js';
import { answersName, type ResolvedOptions } from '../options/resolve.js';
import type { StoreResult } from '../protocol/result.js';
import type { StoreSettings } from '../protocol/settings.js';
import type { Operation } from '../protocol/times.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { Work } from '../schedule/work.js';
import type { Setting } from '../verdict/attribution.js';
import type { Sample } from '../verdict/detector.js';
import type { Answer, Charged, Verdict } from '../outcome.js';
import type { AnswerNaming } from './naming.js';
import type { RobotsAsking } from './robots.js';
import type { Resumption } from './resume.js';

export interface Stages {
  /** Requests an item. @param from where redirects have led it */
  start(work: Work, from: Redirected | undefined): void;
  /** Asks for the robots.txt of its server in place of the item. */
  askRobots(work: Work): void;
  /** What an earlier try of the item has begun is still being written to its end. */
  isBusy(item: Item): boolean;
  /** What is there of the item is not to be gone on with. */
  forget(item: Item): void;
  /** The process has too many files open. */
  keepFew(): void;
  /** Begins to take samples of where the time goes. */
  sample(setting: Setting, run: () => RunSample): Sampling;
  /**
   * What is written gets its final names, as soon as nothing else is under way.
   *
   * @param whole whether all is there that is to be: what is to be one archive is left as it is without
   */
  seal(whole: boolean): void;
  /** Resolves when all that is to be stored is accounted for. @param whole as of {@link seal} */
  drain(whole: boolean): Promise<void>;
  /** @param complete the list was gone through: nothing is left to go on with */
  close(complete: boolean): Promise<void>;
  /** Ends all connections. */
  disconnect(): Promise<void>;
}

/** What the detector of the bottleneck has to know of a run besides its writers' load. */
export interface RunSample extends Omit<Sample, 'load'> {
  /** Requests that run, and of these those whose body is coming. */
  readonly running: number;
  readonly answered: number;
  /** Nothing is left to request but what is under way. */
  readonly exhausted: boolean;
}

export interface Sampling {
  readonly verdict: Verdict | undefined;
  /** What each moment so far was charged to. */
  readonly charged: Charged;
  /** Those that store; undefined where what fetches does that by itself. */
  readonly writers: number | undefined;
  /** Milliseconds that the storage took for each, of all writers in all. */
  readonly operations: Readonly<Record<Operation, number>>;
  stop(): void;
}

/** Told of what becomes of items. Each request ends with a body, a failure, a redirect, or nothing that is to be had. */
export interface StageListener {
  /** The final answer begins. @param ago milliseconds since it did */
  onAnswer(item: Item, answer: Answer, ago: number): void;
  onRedirect(item: Item, to: Redirected): void;
  /** The robots.txt of its server was asked for. */
  onRobots(item: Item, answer: RobotsAnswer): void;
  /** Nothing but the end of the connection tells where the body ends. */
  onUnproven(item: Item): void;
  /** An answer breaks the rules of HTTP, and is read all the same. */
  onBent(item: Item): void;
  /**
   * The body is whole.
   *
   * @param length its bytes; undefined for a large one, which went to the store as it came
   * @param ago milliseconds since it was
   */
  onFetched(item: Item, length: number | undefined, ago: number): void;
  onNotFound(item: Item, status: number): void;
  /** Its file is there, and is what its server has. */
  onUnchanged(item: Item): void;
  /** Whose server it is does not want the file to be taken. */
  onDisallowed(item: Item, error: PlainError): void;
  onFailure(item: Item, failure: AttemptFailure): void;
  /** The body is in a shard that has no final name yet. */
  onWritten(item: Item): void;
  /** Once for each body: it is stored or will not be. */
  onStored(item: Item, result: StoreResult): void;
  /** What an earlier run has written, and the list is past, cannot be stored. */
  onStorageFailure(error: PlainError): void;
  /** There is more room for requests. */
  onRoom(): void;
}

export interface StageOptions {
  readonly options: ResolvedOptions;
  readonly network: Network;
  readonly settings: StoreSettings;
  readonly rules: AttemptRules;
  readonly scheduler: Scheduler;
  /** Idle connections. */
  readonly maxIdle: number;
  /** Folder of the program's own files in the destination. */
  readonly own: string;
  readonly resumption: Resumption;
  /** Whether the run has no more than one item. */
  readonly isLone: boolean;
}

/** Begins to load what will be needed, while other things are opened. */
export function preload({ executor }: ResolvedOptions): void {
  if (executor !== 'threads') void import('./hand-off.js');
}

export async function openStages(stages: StageOptions, listener: StageListener): Promise<Stages> {
  const naming = answersName(stages.options) ? await openNaming(stages) : undefined;
  if (stages.options.executor === 'threads') {
    const { ThreadStages } = await import('./thread-stages.js');
    return new ThreadStages(stages, listener, naming, await openRobots(stages, listener));
  }
  const { HandOff } = await import('./hand-off.js');
  return HandOff.open(stages, listener, naming);
}

/** Undefined where robots.txt is not respected. */
export async function openRobots(
  stages: StageOptions,
  listener: StageListener,
  connections?: Connections,
): Promise<RobotsAsking | undefined> {
  if (!stages.options.respectRobots) return undefined;
  const { RobotsAsking } = await import('./robots.js');
  return RobotsAsking.open(stages, listener, connections);
}

async function openNaming({ options, resumption }: StageOptions): Promise<AnswerNaming> {
  const { AnswerNaming } = await import('./naming.js');
  return new AnswerNaming(options, resumption);
}
