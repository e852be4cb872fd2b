/**
 * What a thread that downloads by itself has to ask the main thread, where names depend on answers: what the file of its item
 * is called, which the journal knows when it is told.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { PlainError } from '../errors.js';
import type { Item } from '../item.js';
import type { Answered } from '../plan/answer-names.js';

/** The name, or why the item cannot have it. */
export type ThreadName = { readonly name: string } | { readonly refused: PlainError };

/** Tells names, on the main thread. */
export type NameTeller = (answered: Answered) => Promise<ThreadName>;

/** The main thread's end: answers until it is closed. @returns both ends */
export function tellNames(tell: NameTeller): { readonly near: MessagePort; readonly far: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (answered: Answered) => void tell(answered).then((name) => port1.postMessage(name)));
  port1.unref();
  return { near: port1, far: port2 };
}

/** The thread's end, for one item. */
export class NameAsker {
  readonly #item: Item;
  readonly #port: MessagePort;
  #told: Promise<Item | PlainError>;

  constructor(item: Item, port: MessagePort) {
    this.#item = item;
    this.#port = port;
    this.#told = Promise.resolve(item);
  }

  /** An answer has begun, with a body from its beginning. */
  ask(answered: Answered): void {
    this.#told = new Promise((resolve) => {
      this.#port.once('message', (told: ThreadName) =>
        resolve('name' in told ? { ...this.#item, name: told.name } : told.refused),
      );
      this.#port.postMessage(answered);
    });
  }

  /** The item as its file is called, or why not, when that is known. */
  get told(): Promise<Item | PlainError> {
    return this.#told;
  }

  close(): void {
    this.#port.close();
  }
}
