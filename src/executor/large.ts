/**
 * Sends a large body to a worker in recycled buffers of shared memory. The buffer that comes back is the credit for the
 * next part, so nothing is ever held whole.
 */
import type { MessagePort } from 'node:worker_threads';
import type { PartMessage } from '../protocol/messages.js';
import type { BodySender } from './executor.js';
import type { BodyWriter } from '../body.js';

/** Bytes of a part at the most: a write of slow storage takes as long for fewer. */
const MAX_PART = 1 << 20;
/** Parts that may be under way at least: one that is written, and one that is filled. */
const LEAST_PARTS = 2;

export class LargeBodySender implements BodyWriter {
  readonly copies = true;
  readonly #port: MessagePort;
  readonly #from: BodySender;
  readonly #keeps: boolean;
  readonly #free: Buffer[] = [];
  /** Bytes of a part. */
  readonly #partSize: number;
  #unmade: number;
  #current: Buffer | undefined;
  #filled = 0;
  /** What found no buffer: at most what one read of the socket brought, since the sender then pauses. */
  #overflow: Uint8Array[] = [];
  #ended = false;
  #settled = false;
  aborted = false;

  /**
   * @param window bytes that may be sent and not yet written
   * @param keeps whether what came is of use when the rest does not
   */
  constructor(port: MessagePort, window: number, from: BodySender, keeps = false) {
    this.#port = port;
    this.#keeps = keeps;
    this.#from = from;
    this.#partSize = Math.min(MAX_PART, Math.floor(window / LEAST_PARTS));
    this.#unmade = Math.floor(window / this.#partSize);
    port.on('message', ({ buffer }: Uint8Array<SharedArrayBuffer>) => {
      // A Buffer arrives as a plain array.
      this.#free.push(Buffer.from(buffer));
      this.#retry();
    });
  }

  /** What is to be written lies with the worker, and nothing more will come, or can: it waits for its writer alone. */
  get waits(): boolean {
    return this.#ended || this.aborted || this.#overflow.length > 0;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#settled) return true;
    this.#fill(chunk);
    return this.#overflow.length === 0;
  }

  end(): void {
    this.#ended = true;
    if (this.#overflow.length === 0) this.#sendEnd();
  }

  abort(): void {
    this.aborted = true;
    this.#overflow = [];
    if (this.#keeps) this.#sendCurrent();
    this.#send('abort');
  }

  /** The worker answered: it takes no more parts. */
  settled(): void {
    this.#settled = true;
    this.#overflow = [];
    this.#free.length = 0;
    this.#current = undefined;
    this.#port.close();
    this.#from.onLeft();
    this.#from.onRoom();
  }

  #retry(): void {
    const waiting = this.#overflow;
    if (waiting.length === 0) return;
    this.#overflow = [];
    for (const chunk of waiting) this.#fill(chunk);
    if (this.#overflow.length > 0) return;
    if (this.#ended) this.#sendEnd();
    else this.#from.onRoom();
  }

  #fill(chunk: Uint8Array): void {
    for (let taken = 0; taken < chunk.length;) {
      this.#current ??= this.#takeBuffer();
      if (this.#current === undefined) {
        this.#overflow.push(chunk.subarray(taken));
        return;
      }
      const piece = chunk.subarray(taken, taken + this.#current.length - this.#filled);
      // Copies as memcpy does; `set` would copy to shared memory word by word.
      this.#current.fill(piece, this.#filled, (this.#filled += piece.length));
      taken += piece.length;
      if (this.#filled === this.#current.length) this.#sendCurrent();
    }
  }

  #takeBuffer(): Buffer | undefined {
    const buffer = this.#free.pop();
    if (buffer !== undefined || this.#unmade === 0) return buffer;
    this.#unmade -= 1;
    return Buffer.from(new SharedArrayBuffer(this.#partSize));
  }

  #sendCurrent(): void {
    if (this.#current === undefined) return;
    this.#send({ buffer: this.#current, length: this.#filled });
    this.#current = undefined;
    this.#filled = 0;
  }

  #sendEnd(): void {
    this.#sendCurrent();
    this.#send('end');
  }

  #send(message: PartMessage): void {
    if (!this.#settled) this.#port.postMessage(message);
  }
}

/** How many of them wait for a writer, or are being written by one. */
export function countWaiting(senders: Iterable<LargeBodySender>): number {
  let count = 0;
  for (const { waits } of senders) if (waits) count += 1;
  return count;
}
