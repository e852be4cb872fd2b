/**
 * `--respect-robots`: nothing is requested of a server before its robots.txt is known. The first item whose turn it is asks for
 * it, with its slot, while the others of that server wait; so it counts as a request under all limits.
 */
import type { PlainError } from '../errors.js';
import type { RobotsAnswer } from '../fetch/robots-request.js';
import { ALL_ALLOWED, allows, parseRobots, type RobotsRules } from '../fetch/robots-rules.js';
import type { RetryPolicy } from '../options/retry-policy.js';
import { Bucket } from '../shared/bucket.js';
import { CrawlDelay } from './crawl-delay.js';
import type { Host, Limit, Outlook, Permit } from './limit.js';
import { retryDelay } from './retry.js';

export interface RobotsOptions {
  /** What servers call this program, in lower case. */
  readonly token: string;
  readonly retry: RetryPolicy;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** Milliseconds since the epoch, for a Retry-After that is a date. */
  readonly date: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Bytes of what is known. */
  readonly memory?: number;
}

/** What is known of a server. Times are the clock's. */
interface Known {
  /** What holds its requests apart, if it asks for that. */
  readonly crawl: Bucket | undefined;
  readonly rules: RobotsRules;
  /** Why nobody knows what it says. */
  readonly error: PlainError | undefined;
  readonly until: number;
  /** About the bytes that it takes. */
  readonly size: number;
}

/** A server whose robots.txt is asked for, or is to be asked for again. */
interface Asked {
  underWay: boolean;
  failures: number;
  /** Nobody asks before. */
  until: number;
  begun: number;
}

/** How long it may be taken for what it was (RFC 9309, 2.4). */
const DAY = 24 * 60 * 60_000;
const MEMORY = 16 << 20;
/** About the bytes that a server and a rule take besides their texts. */
const SERVER_SIZE = 400;
const RULE_SIZE = 80;

/** Pure: the clock and the chance are passed in. */
export class Robots implements Limit {
  readonly crawlDelay = new CrawlDelay((origin) => this.#known.get(origin)?.crawl);
  readonly #options: RobotsOptions;
  readonly #memory: number;
  /** What was used last comes last. */
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Asked>();
  #size = 0;

  constructor(options: RobotsOptions) {
    this.#options = options;
    this.#memory = options.memory ?? MEMORY;
  }

  /** Servers that are known. */
  get known(): number {
    return this.#known.size;
  }

  /** Whether it need not be asked for. What is known of the server now counts as used last. */
  isKnown(origin: string): boolean {
    const known = this.#known.get(origin);
    if (known === undefined) return false;
    this.#known.delete(origin);
    if (this.#options.clock() < known.until) {
      this.#known.set(origin, known);
      return true;
    }
    this.#size -= known.size;
    return false;
  }

  /** Why the path is not to be requested; undefined where it may be, and where nothing is known. */
  disallows(origin: string, path: string): PlainError | undefined {
    const known = this.#known.get(origin);
    if (known === undefined || allows(known.rules, path)) return undefined;
    return {
      code: 'ROBOTS_TXT',
      message: `${origin}${path}: robots.txt disallows it`,
      hint: 'whose server it is does not want it to be taken; see --respect-robots',
    };
  }

  permit({ origin }: Host, now: number): Permit {
    const known = this.#known.get(origin);
    if (known !== undefined) return known.error ?? true;
    const asked = this.#asked.get(origin);
    return asked === undefined || (!asked.underWay && now >= asked.until);
  }

  outlook({ origin }: Host, now: number): Outlook {
    if (this.#known.has(origin)) return { free: Infinity };
    const asked = this.#asked.get(origin);
    if (asked === undefined) return { free: 1 };
    if (asked.underWay) return { free: 0 };
    return now < asked.until ? { free: 0, pause: asked.until - now } : { free: 1 };
  }

  begun({ origin }: Host, now: number): void {
    if (this.#known.has(origin)) return;
    const asked = this.#asked.get(origin) ?? { failures: 0, until: 0 };
    this.#asked.set(origin, { ...asked, underWay: true, begun: now });
  }

  /** What came of asking for it. */
  note(origin: string, answer: RobotsAnswer): void {
    const now = this.#options.clock();
    const asked = this.#asked.get(origin);
    if (asked === undefined) return;
    if (answer.kind !== 'failed') {
      const rules = answer.kind === 'none' ? ALL_ALLOWED : parseRobots(answer.text, this.#options.token);
      const delay = Math.min(rules.delay, this.#options.retry.maxRetryAfter);
      const crawl = delay === 0 ? undefined : new Bucket(1000 / delay, 0);
      crawl?.take(asked.begun);
      this.#keep(origin, { rules, error: undefined, crawl, until: now + DAY });
      return;
    }
    const { retry, date, random } = this.#options;
    const { failure } = answer;
    asked.underWay = false;
    // Of an item that was ended, nothing follows for its server.
    if (failure.error.code === 'ABORTED') return;
    asked.failures += 1;
    const delay = retryDelay(failure, asked.failures, retry, date(), random());
    asked.until = now + (delay ?? 0);
    if (delay !== undefined) return;
    const { code, message, hint, cause } = failure.error;
    const error: PlainError = {
      code,
      message: `nothing was requested, since what robots.txt says is not known: ${message}`,
      hint,
      ...(cause && { cause }),
    };
    this.#keep(origin, { rules: ALL_ALLOWED, error, crawl: undefined, until: now + retry.patience });
  }

  #keep(origin: string, what: Omit<Known, 'size'>): void {
    this.#asked.delete(origin);
    const texts = what.rules.rules.reduce((sum, { pattern }) => sum + pattern.length + RULE_SIZE, 0);
    const known = { ...what, size: SERVER_SIZE + origin.length + texts };
    this.#known.set(origin, known);
    this.#size += known.size;
    const now = this.#options.clock();
    for (const [other, { size, crawl }] of this.#known) {
      if (this.#size <= this.#memory) return;
      // One that names a time is not asked before that, be it for its robots.txt.
      if (other === origin || (crawl?.pause(now) ?? 0) > 0) continue;
      this.#known.delete(other);
      this.#size -= size;
    }
  }
}
