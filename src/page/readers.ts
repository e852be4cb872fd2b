/**
 * Who reads the run as it goes on, as server-sent events. None of them is waited for: each has at most one event that is not
 * sent yet, is not given what comes meanwhile, and is left when it takes nothing for too long.
 */
import type { ServerResponse } from 'node:http';

/** Readers at once. */
export const MOST_READERS = 32;
/** Events that a reader may miss one after the other. */
const MOST_MISSED = 20;
/** Milliseconds that readers have at the end to take the last event. */
const PATIENCE = 1_000;
/** Milliseconds after which a browser asks again when its connection is lost. */
const AGAIN = 2_000;

/** Events as they are sent. */
export function frame(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}

export class Readers {
  /** Events that each has missed one after the other. */
  readonly #readers = new Map<ServerResponse, number>();

  get count(): number {
    return this.#readers.size;
  }

  /** @param first what it is given at once */
  add(response: ServerResponse, first: string): void {
    this.#readers.set(response, 0);
    // A socket that breaks is closed, too.
    response.on('error', () => undefined);
    response.on('close', () => this.#readers.delete(response));
    response.write(`retry: ${AGAIN}\n\n${first}`);
  }

  send(text: string): void {
    for (const [response, missed] of this.#readers) {
      if (response.writableLength === 0) {
        response.write(text);
        this.#readers.set(response, 0);
      } else if (missed < MOST_MISSED) {
        this.#readers.set(response, missed + 1);
      } else {
        response.destroy();
      }
    }
  }

  /** Resolves when all have the last event, or have had the time to take it. */
  async end(last: string): Promise<void> {
    const taken = [...this.#readers.keys()].map(
      (response) =>
        new Promise<void>((resolve) => {
          response.on('close', resolve);
          response.end(last);
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE);
    });
    if (taken.length > 0) await Promise.race([Promise.all(taken), late]);
    clearTimeout(timer);
  }
}
