/**
 * Looks up the names of hosts: each once at a time, however many connections ask for it, and none that nobody waits for
 * any more. What libuv was given cannot be taken back: names that hang would keep it busy for minutes after their
 * requests have ended, and with it the names of servers that are well.
 */
import dns from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';

type Callback = Parameters<LookupFunction>[2];

/** Whose socket is there once it connects, which is when it has asked. */
interface Asker {
  socket?: Socket;
}

/** A name that is looked up, or is to be. */
interface Name {
  readonly options: dns.LookupOptions;
  readonly waiters: { readonly asker: Asker | undefined; readonly callback: Callback }[];
}

/** Half of libuv's threads, rounded up: it gives no more of them to names. It has four where nobody says otherwise. */
const AT_ONCE = Math.ceil((Number(process.env['UV_THREADPOOL_SIZE']) || 4) / 2);

export class Lookups {
  readonly #resolve: LookupFunction;
  readonly #atOnce: number;
  readonly #names = new Map<string, Name>();
  /** Of these names, those that wait for others. */
  readonly #queue = new Set<string>();
  #running = 0;
  #asker: Asker | undefined;

  /**
   * @param resolve asks the system
   * @param atOnce names that it looks up at once
   */
  constructor(resolve: LookupFunction = dns.lookup, atOnce = AT_ONCE) {
    this.#resolve = resolve;
    this.#atOnce = atOnce;
  }

  /** @param connect makes a socket that asks {@link lookup} for its host's name, at once, as those of Node do */
  connect(connect: () => Socket): Socket {
    const asker: Asker = {};
    this.#asker = asker;
    try {
      return (asker.socket = connect());
    } finally {
      this.#asker = undefined;
    }
  }

  /** Takes the place of `dns.lookup`. Calls no socket back that was destroyed before. All ask with the same options. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    const waiter = { asker: this.#asker, callback };
    const known = this.#names.get(host);
    if (known !== undefined) {
      known.waiters.push(waiter);
      return;
    }
    this.#names.set(host, { options, waiters: [waiter] });
    this.#queue.add(host);
    this.#beginMore();
  };

  #beginMore(): void {
    for (const host of this.#queue) {
      if (this.#running >= this.#atOnce) return;
      this.#queue.delete(host);
      this.#begin(host, this.#names.get(host) as Name);
    }
  }

  #begin(host: string, { options, waiters }: Name): void {
    if (!waiters.some(isWanted)) {
      this.#names.delete(host);
      return;
    }
    this.#running += 1;
    this.#resolve(host, options, (...answer) => {
      this.#running -= 1;
      this.#names.delete(host);
      this.#beginMore();
      for (const waiter of waiters) if (isWanted(waiter)) waiter.callback(...answer);
    });
  }
}

function isWanted({ asker }: Name['waiters'][number]): boolean {
  return asker?.socket?.destroyed !== true;
}
