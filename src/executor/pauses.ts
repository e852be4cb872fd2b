/** Counts the large bodies whose sender pauses because their writer has no room: so many bodies wait for a writer. */
import type { BodyWriter } from '../body.js';

export class Pauses {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** A writer as `open` makes it, whose pauses are counted. */
  counted(open: (onRoom: () => void) => BodyWriter, onRoom: () => void): BodyWriter {
    let paused = false;
    const writer = open(() => {
      if (paused) this.#count -= 1;
      paused = false;
      onRoom();
    });
    return {
      copies: writer.copies === true,
      write: (chunk) => {
        const room = writer.write(chunk);
        if (!room && !paused) {
          paused = true;
          this.#count += 1;
        }
        return room;
      },
      end: () => writer.end(),
      abort: () => writer.abort(),
    };
  }
}
