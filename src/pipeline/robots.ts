/** Asks for robots.txt, and has the scheduler respect what it says. Loaded only where that is wanted. */
import { Connections } from '../fetch/client.js';
import { openWay } from '../fetch/network.js';
import { RobotsRequest } from '../fetch/robots-request.js';
import { productToken } from '../fetch/user-agent.js';
import { Robots } from '../schedule/robots.js';
import type { Work } from '../schedule/work.js';
import type { StageListener, StageOptions } from './stages.js';

export class RobotsAsking {
  readonly #stages: StageOptions;
  readonly #listener: StageListener;
  readonly #connections: Connections;
  readonly #own: Connections | undefined;

  /** @param connections those of the run. Default: its own */
  static async open(stages: StageOptions, listener: StageListener, connections?: Connections): Promise<RobotsAsking> {
    const { options, network } = stages;
    const own =
      connections === undefined
        ? new Connections({ timeout: options.timeout, maxIdle: 1, ...(await openWay(network)) })
        : undefined;
    return new RobotsAsking(stages, listener, connections ?? (own as Connections), own);
  }

  private constructor(stages: StageOptions, listener: StageListener, connections: Connections, own?: Connections) {
    const { options, scheduler } = stages;
    this.#stages = stages;
    this.#listener = listener;
    this.#own = own;
    this.#connections = connections;
    const [clock, token] = [() => performance.now(), productToken(options)];
    scheduler.respect(new Robots({ token, retry: options.retry, clock, date: Date.now, random: Math.random }));
  }

  /** In place of an item whose server's robots.txt is not known: with its slot. */
  ask(work: Work): void {
    const { options, rules, scheduler } = this.#stages;
    const { headers, watchdog, throttle } = rules;
    const { timeout } = options;
    const onAgain = (origin: string): void => scheduler.sentAgain(origin);
    const asking = { connections: this.#connections, headers, watchdog, timeout, throttle, onAgain };
    const { origin } = work.redirected?.target ?? work.item;
    const request = new RobotsRequest(work.item, origin, asking, (answer) =>
      this.#listener.onRobots(work.item, answer),
    );
    // Before it starts, since it may end at once.
    work.attempt = request;
    request.start();
  }

  async disconnect(): Promise<void> {
    await this.#own?.destroy();
  }
}
