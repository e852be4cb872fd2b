/** What a run opens before its first request and closes after its last: destination, journal, and what fetches and stores. */
import { Destination } from '../destination/destination.js';
import type { AttemptRules } from '../fetch/attempt.js';
import { RequestHeaders } from '../fetch/headers.js';
import { openCredentials, readNetwork } from '../fetch/network.js';
import type { Source } from '../lists/source.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { shareFolders } from '../../workers/folders.js';
import { simulate } from '../../workers/slow.js';
import type { Outcomes } from './outcomes.js';
import { resume, type Resumption, type ResumptionListener } from './resume.js';
import { requireSharp } from './sharp.js';
import type { Shutdown } from './shutdown.js';
import { openStages, preload, type StageListener, type Stages } from './stages.js';

/** A shard of a plan, of which a claim was taken. */
export interface ClaimedPart {
  /** Of the claim. */
  readonly folder: string;
  readonly shard: number;
}

export interface ResourceOptions {
  readonly sources: readonly Source[];
  readonly options: ResolvedOptions;
  /** By which the run has its part of the destination. */
  readonly claim: ClaimedPart | undefined;
  readonly rules: Omit<AttemptRules, 'headers'>;
  readonly scheduler: Scheduler;
  readonly shutdown: Shutdown;
  readonly outcomes: Outcomes;
  /** Idle connections. */
  readonly maxIdle: number;
  /** Opens the lists. */
  readonly openLists: () => Promise<void>;
  /** Whether they are known to have no more than one item; asked when they are open. */
  readonly isLone: () => boolean;
}

export class Resources {
  readonly #with: ResourceOptions;
  #destination: Destination | undefined;
  #resumption: Resumption | undefined;
  #stages: Stages | undefined;
  /** Settles when all is open, or as much as was when the run was stopped. */
  #opening: Promise<void> | undefined;

  constructor(options: ResourceOptions) {
    this.#with = options;
  }

  /** Whether the lists could be opened and the destination written to. */
  get begun(): boolean {
    return this.#destination !== undefined;
  }

  get resumption(): Resumption | undefined {
    return this.#resumption;
  }

  get stages(): Stages | undefined {
    return this.#stages;
  }

  async open(listener: StageListener & ResumptionListener): Promise<void> {
    this.#opening = this.#open(listener);
    try {
      await this.#opening;
    } finally {
      this.#opening = undefined;
    }
  }

  /** Opens the lists before it makes the destination: bad input leaves nothing half-done. */
  async #open(listener: StageListener & ResumptionListener): Promise<void> {
    const { sources, options, claim, scheduler, shutdown, outcomes, maxIdle, openLists } = this.#with;
    const { layout, imageCheck, images, computeHash, maxBodySize, simulatedLatency, durable } = options;
    // While lists are opened and the destination is made, which on slow storage takes a while.
    preload(options);
    const network = await readNetwork(options.network);
    await requireSharp(options);
    await Promise.race([openLists(), shutdown.stopped]);
    if (shutdown.isStopping) return;
    this.#destination = await (claim === undefined
      ? Destination.open(options.directory, durable)
      : Destination.openClaimed(options.directory, claim.folder));
    if (shutdown.isStopping) return;
    this.#resumption = await resume(this.#destination, sources, options, listener, shutdown.cancelled, claim?.shard);
    const resumption = this.#resumption;
    const { journal, updates } = resumption;
    outcomes.writeTo(journal, updates, durable);
    if (shutdown.isStopping) return;
    const { directory, scratch, own } = this.#destination;
    const [slow, { cancelled }] = [simulate(simulatedLatency), shutdown];
    const how = { layout, imageCheck, images, computeHash, maxBodySize, slow, durable };
    const settings = { ...how, directory, scratch, fenced: claim !== undefined, cancelled, made: shareFolders() };
    const credentials = await openCredentials(network.credentials);
    const headers = new RequestHeaders(options.headers, options.userAgent, credentials);
    const rules = { ...this.#with.rules, headers };
    const isLone = this.#with.isLone();
    const stages = { options, network, settings, rules, scheduler, maxIdle, own, resumption, isLone };
    this.#stages = await openStages(stages, listener);
  }

  /**
   * Waits for the store, writes down how the run ended, and frees everything; nobody waits long for what is still being
   * opened, and which is closed when it is open.
   *
   * @param complete whether the lists were gone through; asked when nothing is stored any more
   * @param onDone called when all is stored that will be, and written down
   */
  async close(complete: () => boolean, onDone: () => void): Promise<void> {
    if (this.#opening === undefined) {
      await this.#close(complete, onDone);
      return;
    }
    const opened = this.#opening.catch(() => undefined);
    const closed = opened.then(() => this.#close(complete, onDone));
    await this.#with.shutdown.waitForOpening(opened);
    if (this.#opening === undefined) await closed;
  }

  async #close(complete: () => boolean, onDone: () => void): Promise<void> {
    const { shutdown } = this.#with;
    await shutdown.wait(this.#stages?.drain(!shutdown.isStopping));
    const isComplete = complete();
    const { error } = shutdown;
    const ending = error && { error: { code: error.code, message: error.message } };
    const end = { complete: isComplete, ended: new Date().toISOString(), ...ending };
    await shutdown.wait(this.#stages?.close(isComplete));
    await shutdown.wait(this.#resumption?.journal?.close(end));
    onDone();
    await this.#stages?.disconnect();
    await shutdown.waitForCleaning(this.#destination?.close());
  }
}
