/** Threads that each download and store, one item after the other: made to be compared with the hand-off. */
import { ThreadDownloads } from '../executor/threads.js';
import type { Redirected } from '../fetch/redirect.js';
import type { Work } from '../schedule/work.js';
import type { Setting } from '../verdict/attribution.js';
import { Sampler } from '../verdict/sampler.js';
import { ThreadsDetector } from '../verdict/threads-detector.js';
import type { AnswerNaming } from './naming.js';
import type { RobotsAsking } from './robots.js';
import type { RunSample, Sampling, StageListener, StageOptions, Stages } from './stages.js';

export class ThreadStages implements Stages {
  readonly #threads: ThreadDownloads;

  readonly #robots: RobotsAsking | undefined;

  /**
   * @param naming where names depend on answers
   * @param robots where robots.txt is respected
   */
  constructor(stages: StageOptions, listener: StageListener, naming?: AnswerNaming, robots?: RobotsAsking) {
    this.#robots = robots;
    const { options, network, settings, rules, scheduler, maxIdle } = stages;
    const { headers, userAgent, timeout, lowestSpeed, maxTime, mtime } = options;
    const { strict, maxWhole, disallowing, tellsEach } = rules;
    const { maxRequests } = scheduler.inFlight;
    const idle = Math.max(1, Math.floor(maxIdle / maxRequests));
    const request = {
      headers,
      userAgent,
      timeout,
      lowestSpeed,
      maxTime,
      maxWhole,
      strict,
      disallowing,
      tellsEach,
      mtime,
      maxIdle: idle,
      network,
    };
    this.#threads = new ThreadDownloads(maxRequests, request, settings, {
      ...(naming && {
        nameOf: async (item, answered) => {
          const work = scheduler.inFlight.of(item);
          naming.onAnswer(work, answered);
          await work.naming?.settled;
          const { refused, name } = work.naming ?? { refused: undefined, name: item.name };
          return refused === undefined ? { name } : { refused };
        },
      }),
      onAnswer: (item, answer, ago) => listener.onAnswer(item, answer, ago),
      onUnproven: (item) => listener.onUnproven(item),
      onBent: (item) => listener.onBent(item),
      onLarge: (item, ago = 0) => {
        listener.onFetched(item, undefined, ago);
        listener.onRoom();
      },
      onStored: (item, result) => listener.onStored(item, result),
      onNotFound: (item, status) => listener.onNotFound(item, status),
      onDisallowed: (item, error) => listener.onDisallowed(item, error),
      onRedirect: (item, to) => listener.onRedirect(item, to),
      onFailure: (item, failure) => listener.onFailure(item, failure),
    });
  }

  start(work: Work, from: Redirected | undefined): void {
    work.attempt = this.#threads.start(work.item, work, from);
  }

  askRobots(work: Work): void {
    this.#robots?.ask(work);
  }

  isBusy(): boolean {
    return false;
  }

  forget(): void {
    // Bodies that broke off are begun anew.
  }

  keepFew(): void {
    // Each thread keeps one connection.
  }

  sample(setting: Setting, run: () => RunSample): Sampling {
    return new Sampler(new ThreadsDetector(setting), () => ({ ...run(), load: { times: this.#threads.takeTimes() } }));
  }

  seal(): void {
    // What a thread has stored has its final name.
  }

  drain(): Promise<void> {
    return this.#threads.close();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async disconnect(): Promise<void> {
    await this.#robots?.disconnect();
  }
}
