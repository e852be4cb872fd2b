/** What became of items on its way out: to the journal, to the account of the run, and to whoever reads the outcomes. */
import { sep } from 'node:path';
import { shardName } from '../../workers/shard-name.js';
import { Channel } from '../shared/channel.js';
import { FetchError, type PlainError } from '../errors.js';
import type { Admitted, Taken } from '../journal/placement.js';
import type { FailureRecord } from '../journal/format.js';
import type { Journal } from '../journal/journal.js';
import type { Learned } from '../journal/learned.js';
import type { Updates } from '../journal/updates.js';
import { checksumOfFile, type Item } from '../item.js';
import type { Work } from '../schedule/work.js';
import type { StoredFile } from '../protocol/result.js';
import type { ItemRequest } from '../lists/source.js';
import type { Outcome } from '../outcome.js';
import { Tally } from './tally.js';

export class Outcomes {
  readonly tally = new Tally();
  /** What items are made of, by number, until they have an outcome. */
  readonly requests = new Map<number, ItemRequest>();
  readonly #channel = new Channel<Outcome>();
  readonly #directory: string;
  /** The same, to be followed by a name. */
  readonly #root: string;
  readonly #onSynced: () => void;
  #journal: Journal | undefined;
  #updates: Updates | undefined;
  #durable = false;
  #unsynced = 0;

  /**
   * @param directory of the destination, for messages
   * @param onSynced called when the journal says of one more item that it is stored
   */
  constructor(directory: string, onSynced: () => void) {
    this.#directory = directory;
    this.#root = directory.endsWith(sep) ? directory : directory + sep;
    this.#onSynced = onSynced;
  }

  /**
   * @param updates where what is stored is asked for, in case it has changed
   * @param durable whether the journal has to be synced before it is said of an item that it is stored
   */
  writeTo(journal: Journal | undefined, updates: Updates | undefined, durable: boolean): void {
    this.#journal = journal;
    this.#updates = updates;
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

  stored(work: Work, file: StoredFile): void {
    const { item, unproven, bent, naming, answer, tried, askedAt, answeredAt, fetchedAt } = work;
    const { index, entry = index, url, details } = item;
    const successor = naming?.successor;
    const name = naming?.name ?? item.name;
    const { size, crc32, shard, image, same } = file;
    const checksum = checksumOfFile(file.checksum, details?.checksum, image);
    // One object for whoever reads it and the journal: this is done for every file.
    const outcome = {
      status: 'ok',
      index: entry,
      url,
      columns: details?.columns,
      name,
      path: this.#root + (shard === undefined ? name : shardName(shard)),
      size,
      crc32,
      checksum,
      image,
      same,
      unproven,
      replaces: successor?.replaces,
      bent,
      answer,
      times: { asked: askedAt, answered: answeredAt, fetched: fetchedAt, stored: Date.now() },
      tries: tried,
    } as const;
    const journal = this.#journal;
    journal?.stored(successor?.index ?? index, file, unproven, outcome);
    if (item.conditions !== undefined) this.#updates?.done(item);
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

  /** A try has failed, and there may be another one. */
  left(work: Work, { code }: PlainError): void {
    if (work.item.conditions === undefined) return;
    // The journal is told again when there is another body.
    if (this.#updates?.left(work.item, code) === true) work.naming = undefined;
  }

  /** What is there is what its server has. */
  unchanged(work: Work): void {
    const { item } = work;
    this.#updates?.done(item);
    this.#emit({
      status: 'skipped',
      ...identify(item),
      name: item.name,
      kept: false,
      unchanged: true,
      ...learnedOf(work),
    });
  }

  failed(work: Work, error: PlainError, status: FailureRecord['status'] = 'error'): void {
    const { item } = work;
    const { code, message, hint } = error;
    // It may have failed without a request.
    const learned = work.tried === 0 ? undefined : learnedOf(work);
    const record = { status, code, message, hint };
    const written = learned && { ...learned, url: item.url };
    if (item.conditions === undefined) this.#journal?.failed(item.index, record, written);
    else this.#updates?.failed(item, record, written);
    if (work.naming?.isKept === true) {
      this.#emit({ status: 'skipped', ...identify(item), name: work.naming.wanted, kept: true, unchanged: false });
      return;
    }
    this.#emit({ status, ...identify(item), error: new FetchError(item, error), ...learned });
  }

  /** Of an entry that is not to be downloaded. */
  passedOver(entry: Exclude<Admitted, { kind: 'item' }>): void {
    if (entry.kind === 'duplicate') {
      this.tally.duplicate();
      this.#journal?.duplicate(entry.duplicate);
    } else if (entry.kind === 'refused') {
      const { index, text, error, columns } = entry.refused;
      this.#journal?.refused(entry.refused);
      this.#emit({ status: 'error', index, url: text, columns, error: new FetchError({ url: text, name: '' }, error) });
    } else if (entry.kind === 'there' || entry.kind === 'kept') {
      const { item, kind } = entry;
      this.#emit({ status: 'skipped', ...identify(item), name: item.name, kept: kind === 'kept', unchanged: false });
    } else {
      const { item } = entry;
      this.#emit({ status: 'error', ...identify(item), error: new FetchError(item, whyTaken(entry, this.#directory)) });
    }
  }

  /** Nothing more will come. */
  close(): void {
    this.#channel.close();
  }

  /** Those that are there, once there are some: at most so many; none after the last one. */
  nextSome(most: number): Promise<readonly Outcome[]> {
    return this.#channel.nextSome(most);
  }

  #emit(outcome: Outcome): void {
    this.tally.count(outcome);
    const request = this.requests.size === 0 ? undefined : this.requests.get(outcome.index);
    if (request === undefined) {
      this.#channel.push(outcome);
      return;
    }
    this.requests.delete(outcome.index);
    this.#channel.push({ ...outcome, request });
  }
}

/** Why an item cannot have its name. @param directory of the destination */
export function whyTaken({ item: { name }, blocking }: Omit<Taken, 'kind'>, directory: string): PlainError {
  if (blocking !== undefined) {
    const message = `${name} needs the folder ${blocking}, which is no folder in ${directory}`;
    return {
      code: 'STORE_EXISTS',
      message,
      hint: 'links are not followed: remove it, or choose another destination',
    };
  }
  const message = `${name} is in ${directory} already`;
  const hint =
    'replace such files with --overwrite, see --on-exists for more, or choose another destination with --directory';
  return { code: 'STORE_EXISTS', message, hint };
}

function identify({ index, entry = index, url, details }: Item): Pick<Outcome, 'index' | 'url' | 'columns'> {
  return { index: entry, url, columns: details?.columns };
}

/** Of an item of which nothing is stored. */
function learnedOf({ answer, askedAt, answeredAt, fetchedAt, tried }: Work): Learned {
  const times = { asked: askedAt, answered: answeredAt, fetched: fetchedAt, stored: undefined };
  return { answer, times, tries: tried, checksum: undefined };
}
