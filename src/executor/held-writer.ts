/** Takes a large body before its writer can be opened: what came so far is held, and its sender pauses. */
import type { BodyWriter } from '../body.js';

export interface HeldBody {
  /** The sender can go on. */
  readonly onRoom: () => void;
  /** The body was broken off before it had a writer. */
  readonly onLeft: () => void;
}

export class HeldWriter implements BodyWriter {
  readonly #body: HeldBody;
  #chunks: Uint8Array[] = [];
  #state: 'held' | 'ended' | 'aborted' = 'held';
  #writer: BodyWriter | undefined;

  constructor(body: HeldBody) {
    this.#body = body;
  }

  get copies(): boolean {
    return this.#writer?.copies === true;
  }

  /** The body will never be whole: it needs no writer. */
  get aborted(): boolean {
    return this.#state === 'aborted';
  }

  write(chunk: Uint8Array): boolean {
    if (this.#writer !== undefined) return this.#writer.write(chunk);
    this.#chunks.push(chunk);
    return false;
  }

  end(): void {
    this.#state = 'ended';
    this.#writer?.end();
  }

  abort(): void {
    this.#state = 'aborted';
    if (this.#writer !== undefined) {
      this.#writer.abort();
      return;
    }
    this.#chunks = [];
    this.#body.onLeft();
  }

  /** @param writer undefined where the body is not to be stored, although it is whole */
  open(writer: BodyWriter | undefined): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    if (writer === undefined) {
      this.#body.onLeft();
      return;
    }
    this.#writer = writer;
    let room = true;
    for (const chunk of chunks) room = writer.write(chunk);
    if (this.#state === 'ended') writer.end();
    else if (room) this.#body.onRoom();
  }
}
