/** What became of items on its way out: to the journal, to the account of the run, and to whoever reads the outcomes. */
import { Channel } from '../shared/channel.js';
import { FetchError, type PlainError } from '../errors.js';
import type { Admitted, Taken } from '../journal/placement.js';
import type { Journal } from '../journal/journal.js';
import type { Item } from '../item.js';
import type { StoredFile } from '../protocol/result.js';
import type { Outcome } from '../outcome.js';
import { Tally } from './tally.js';

export class Outcomes implements AsyncIterable<Outcome> {
  readonly tally = new Tally();
  readonly #channel = new Channel<Outcome>();
  readonly #directory: string;
  readonly #onSynced: () => void;
  #journal: Journal | undefined;
  #durable = false;
  #unsynced = 0;

  /**
   * @param directory of the destination, for messages
   * @param onSynced called when the journal says of one more item that it is stored
   */
  constructor(directory: string, onSynced: () => void) {
    this.#directory = directory;
    this.#onSynced = onSynced;
  }

  /** @param durable whether the journal has to be synced before it is said of an item that it is stored */
  writeTo(journal: Journal | undefined, durable: boolean): void {
    this.#journal = journal;
    this.#durable = durable;
  }

  /** Those that nobody has read yet. */
  get unread(): number {
    return this.#channel.size;
  }

  /** Items that are stored, and of which the journal does not say so yet. */
  get unsynced(): number {
    return this.#unsynced;
  }

  stored({ index, url, name }: Item, file: StoredFile, unproven: boolean): void {
    const outcome: Outcome = { status: 'ok', index, url, name, size: file.size, unproven };
    const journal = this.#journal;
    journal?.stored(index, file, unproven);
    if (journal === undefined || !this.#durable) {
      this.#emit(outcome);
      return;
    }
    this.#unsynced += 1;
    // When it cannot be synced the run ends with that error, and nothing is known of the item.
    void journal
      .written()
      .then(
        () => this.#emit(outcome),
        () => undefined,
      )
      .finally(() => {
        this.#unsynced -= 1;
        this.#onSynced();
      });
  }

  failed(item: Item, error: PlainError, status: 'error' | 'not_found' = 'error'): void {
    const { code, message, hint } = error;
    const { index, url } = item;
    this.#journal?.failed(index, { status, code, message, hint });
    this.#emit({ status, index, url, error: new FetchError(item, error) });
  }

  /** Of an entry that is not to be downloaded. */
  passedOver(entry: Exclude<Admitted, { kind: 'item' }>): void {
    if (entry.kind === 'duplicate') {
      this.tally.duplicates += 1;
    } else if (entry.kind === 'refused') {
      const { index, text: url, error } = entry.refused;
      this.#emit({ status: 'error', index, url, error: new FetchError({ url, name: '' }, error) });
    } else {
      const { item } = entry;
      const error = new FetchError(item, this.#whyTaken(entry));
      this.#emit({ status: 'error', index: item.index, url: item.url, error });
    }
  }

  /** Nothing more will come. */
  close(): void {
    this.#channel.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Outcome> {
    return this.#channel[Symbol.asyncIterator]();
  }

  #emit(outcome: Outcome): void {
    this.tally.count(outcome);
    this.#channel.push(outcome);
  }

  #whyTaken({ item: { name }, blocking }: Taken): PlainError {
    if (blocking !== undefined) {
      const message = `${name} needs the folder ${blocking}, which is no folder in ${this.#directory}`;
      return {
        code: 'STORE_EXISTS',
        message,
        hint: 'links are not followed: remove it, or choose another destination',
      };
    }
    const message = `${name} is in ${this.#directory} already`;
    const hint =
      'replace such files with --overwrite, see --on-exists for more, or choose another destination with --directory';
    return { code: 'STORE_EXISTS', message, hint };
  }
}
