/** The servers of a made-up run, and their account of what they were asked for. */
import { type RawServer, startRawServer, type Step } from '../helpers/raw-server.js';
import type { MadeItem, Scenario } from './scenario.js';

/** A request. Times are those of the monotonic clock, in milliseconds. */
export interface Logged {
  /** Of the server. */
  readonly origin: number;
  /** Of the item. */
  readonly name: string;
  readonly begun: number;
  /** When the last byte of the answer was about to be sent, or the connection was found closed. */
  ended: number;
  /** The client closed the connection before. */
  left: boolean;
}

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.99:9';

export class Origins implements AsyncDisposable {
  /** All requests since it was emptied. */
  log: Logged[] = [];
  /** Told of each; replaced at will. */
  onRequest: () => void = () => undefined;
  readonly #servers: RawServer[] = [];
  readonly #items: ReadonlyMap<string, MadeItem>;
  /** Requests for each item so far. */
  readonly asked = new Map<string, number>();

  static async start({ origins, items }: Scenario): Promise<Origins> {
    const self = new Origins(items);
    for (let number = 0; number < origins; number += 1) await self.#listen(number);
    return self;
  }

  private constructor(items: readonly MadeItem[]) {
    this.#items = new Map(items.map((item) => [item.name, item]));
  }

  /** Connections that are open. */
  get open(): number {
    return this.#servers.reduce((sum, { open }) => sum + open, 0);
  }

  urlOf({ name, origin }: MadeItem): string {
    return `${origin === undefined ? NOWHERE : (this.#servers[origin] as RawServer).origin}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  async #listen(number: number): Promise<void> {
    const inFlight = new Map<number, Logged>();
    const server = await startRawServer({
      host: `127.0.0.${number + 1}`,
      onRequest: ({ path, head, connection }) => {
        const [, name = '', rest = ''] = /^\/([^/]+)(.*)$/.exec(path) ?? [];
        const logged = {
          origin: number,
          name,
          led: rest !== '',
          begun: performance.now(),
          ended: Infinity,
          left: false,
        };
        this.log.push(logged);
        inFlight.set(connection, logged);
        const nth = (this.asked.get(name) ?? 0) + 1;
        this.asked.set(name, nth);
        this.onRequest();
        const item = this.#items.get(name);
        const origins = this.#servers.map(({ origin }) => origin);
        const script = item?.character.script({ nth, rest, head, origins }) ?? ['HTTP/1.1 400 No\r\n\r\n'];
        const end = (): void => {
          logged.ended = performance.now();
          inFlight.delete(connection);
        };
        if (item?.character.saysMore !== true) return endingWith(script, end);
        end();
        return script;
      },
      onClose: (connection) => {
        const logged = inFlight.get(connection);
        inFlight.delete(connection);
        if (logged !== undefined) Object.assign(logged, { ended: performance.now(), left: true });
      },
    });
    this.#servers.push(server);
  }
}

/** The same steps; tells before the last one, after which the client may know already that it was the last. */
function* endingWith(steps: Iterable<Step>, onLast: () => void): Generator<Step> {
  let before: Step | undefined;
  for (const step of steps) {
    if (before !== undefined) yield before;
    before = step;
  }
  // After a wait without an end nothing has ended.
  if (!(before instanceof Promise)) onLast();
  if (before !== undefined) yield before;
}
