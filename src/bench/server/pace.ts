/** A narrow link that all connections share: a token bucket, which those that wait are served from in turn. */

/** Who has bytes to send. */
export interface Sender {
  /** Bytes that are left. */
  readonly left: number;
  /** Sends so many of them, or a few less. When they are on their way, it joins again if some are left. */
  send(bytes: number): number;
}

/** Milliseconds between two looks. */
const TICK = 5;
/** Seconds for which what nobody needs is kept: bodies that come one at a time get the whole bandwidth too. */
const SLACK = 0.02;
/** Seconds that are made up for after this process had to wait for a processor. */
const LATE = 0.2;
/** Bytes of a piece, so that many connections don't take a system call for a few bytes each. */
const PIECE = 4096;

export class Pace {
  /** Bytes a second. */
  readonly #rate: number;
  /** Bytes at the least, as long as they come within 10 ms. */
  readonly #piece: number;
  /** Sets keep their order. */
  readonly #senders = new Set<Sender>();
  #credit = 0;
  #counted = performance.now();
  #armed = false;

  constructor(rate: number) {
    this.#rate = rate;
    this.#piece = Math.ceil(Math.min(PIECE, rate / 100));
  }

  join(sender: Sender): void {
    this.#count();
    this.#senders.add(sender);
    this.#serve();
  }

  leave(sender: Sender): void {
    this.#senders.delete(sender);
  }

  #count(): void {
    const now = performance.now();
    const most = this.#rate * (this.#senders.size === 0 ? SLACK : LATE);
    // At least a byte, else the slowest links would never have a whole one.
    this.#credit = Math.min(this.#credit + (this.#rate * (now - this.#counted)) / 1000, Math.max(1, most));
    this.#counted = now;
  }

  #serve(): void {
    for (const sender of this.#senders) {
      const share = Math.floor(this.#credit / this.#senders.size);
      const wanted = Math.min(sender.left, Math.max(share, this.#piece));
      if (wanted > this.#credit) break;
      this.#senders.delete(sender);
      this.#credit -= sender.send(wanted);
    }
    if (this.#senders.size > 0 && !this.#armed) this.#arm();
  }

  #arm(): void {
    this.#armed = true;
    setTimeout(() => {
      this.#armed = false;
      this.#count();
      this.#serve();
    }, TICK);
  }
}
