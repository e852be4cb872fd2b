/**
 * Looks up the names of hosts: each once at a time, however many connections ask for it, and once a minute at the most; none
 * that nobody waits for any more. What libuv was given cannot be taken back: names that hang would keep it busy for minutes after their
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

/** An answer, and until when it is kept. */
interface Kept {
  readonly answer: Parameters<Callback>;
  /** Milliseconds of the clock. */
  readonly until: number;
}

/** Milliseconds; as curl has it. The system does not tell how long an answer holds. */
const KEPT = 60_000;
/** Milliseconds for which a name that there is not is not asked for again: many items may have the same wrong host. */
const KEPT_MISSING = 10_000;
/** Names of which answers are kept. */
const MOST_KEPT = 1_000;

/** Half of libuv's threads, rounded up: it gives no more of them to names. It has four where nobody says otherwise. */
const AT_ONCE = Math.ceil((Number(process.env['UV_THREADPOOL_SIZE']) || 4) / 2);

export class Lookups {
  readonly #resolve: LookupFunction;
  readonly #atOnce: number;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #names = new Map<string, Name>();
  /** Of these names, those that wait for others. */
  readonly #queue = new Set<string>();
  #running = 0;
  #asker: Asker | undefined;

  /**
   * @param resolve asks the system
   * @param atOnce names that it looks up at once
   * @param now milliseconds of a clock that never goes back
   */
  constructor(resolve: LookupFunction = dns.lookup, atOnce = AT_ONCE, now = () => performance.now()) {
    this.#now = now;
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
    const kept = this.#keptOf(host);
    if (kept !== undefined) {
      // Never at once: who asks has yet to listen.
      process.nextTick(tell, waiter, kept.answer);
      return;
    }
    const known = this.#names.get(host);
    if (known !== undefined) {
      known.waiters.push(waiter);
      return;
    }
    this.#names.set(host, { options, waiters: [waiter] });
    this.#queue.add(host);
    this.#beginMore();
  };

  /** Nobody could be connected to at its address: it may have another one by now. */
  forget(host: string): void {
    if (this.#kept.get(host)?.answer[0] === null) this.#kept.delete(host);
  }

  #keptOf(host: string): Kept | undefined {
    const kept = this.#kept.get(host);
    if (kept === undefined || this.#now() < kept.until) return kept;
    this.#kept.delete(host);
    return undefined;
  }

  #keep(host: string, answer: Parameters<Callback>): void {
    const [error] = answer;
    if (error !== null && error.code !== 'ENOTFOUND') return;
    // Maps keep their order: the first one was looked up longest ago.
    const oldest = this.#kept.size < MOST_KEPT ? undefined : this.#kept.keys().next().value;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(host, { answer, until: this.#now() + (error === null ? KEPT : KEPT_MISSING) });
  }

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
      this.#keep(host, answer);
      this.#beginMore();
      for (const waiter of waiters) tell(waiter, answer);
    });
  }
}

function tell(waiter: Name['waiters'][number], answer: Parameters<Callback>): void {
  if (isWanted(waiter)) waiter.callback(...answer);
}

function isWanted({ asker }: Name['waiters'][number]): boolean {
  return asker?.socket?.destroyed !== true;
}
