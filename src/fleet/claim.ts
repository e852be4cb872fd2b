/**
 * Who works on a shard. A claim is a folder that only one can make, with a number that is higher than that of each before
 * it; its worker keeps all there that has no final name yet. Who finds a claim that nobody renews makes one with the next
 * number and renames the folder of the former: a worker that was stopped and not dead then finds nothing to rename to final
 * names, nothing to commit, and so knows that it has lost the shard. No clock but that of the storage is asked, and nothing
 * that two machines would have to agree on.
 */
import { copyFile, link, lstat, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { syncFolderAsync } from '../../workers/durable.js';
import { removeUnfinishedIn } from '../destination/destination.js';
import { PARTIAL } from '../destination/partial-files.js';
import { ageOf, NO_LINKS } from '../destination/told.js';
import { storageFailed } from '../journal/examine.js';
import { JOURNAL } from '../journal/open.js';
import type { PlainError } from '../errors.js';
import { makeFolders } from '../shared/folders.js';
import { type ClaimFolder, claimFolders, claimName, namesIn } from './journals.js';
import { isDead, SPACE_OF_PROCESSES } from './life.js';
import { shardFolder } from './plan-folder.js';
import {
  CLAIM,
  type ClaimRecord,
  DONE,
  type DoneRecord,
  FAILED,
  type FailedRecord,
  type Progress,
  type Read,
  readClaim,
  readDone,
  readFailed,
} from './records.js';

export interface ClaimOptions {
  /** Milliseconds after which this claim counts as dead if nobody renews it. */
  readonly lease: number;
  /** What this worker is called. */
  readonly worker: string;
  /** Also a shard that is done or has failed: its rows are gone through once more. */
  readonly reopen?: boolean;
  /** Called whenever the storage has taken a renewal. */
  readonly onRenewed?: () => void;
}

/** Who has a shard, as far as it can be told. */
export type Holder = Partial<Pick<ClaimRecord, 'worker' | 'pid' | 'host' | 'since'>>;

export type Taken =
  /** `former`: from whom it was taken over. */
  | { readonly kind: 'taken'; readonly claim: Claim; readonly former?: Holder | undefined }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'held'; readonly by: Holder };

/** Renewals in a lease: some may be late, on storage that is slow. */
const RENEWALS = 6;
const FENCED = '.fenced';
/** What a record of a shard that was opened once more is called in the folder of the claim that did it. */
const FORMER = 'former.json';

export class Claim {
  readonly number: number;
  /** Where all lies that has no final name yet. */
  readonly folder: string;
  readonly #shard: string;
  readonly #since = new Date().toISOString();
  readonly #options: ClaimOptions;
  readonly #lost = new AbortController();
  /** Runs of this shard before this one that an error has ended. */
  readonly #failures: number;
  #progress: (() => Progress) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(shard: string, number: number, failures: number, options: ClaimOptions) {
    this.number = number;
    this.folder = join(shard, claimName(number));
    this.#shard = shard;
    this.#failures = failures;
    this.#options = options;
  }

  /** @throws StorageError where the storage cannot be read or written */
  static async take(directory: string, shard: number, options: ClaimOptions): Promise<Taken> {
    const folder = shardFolder(directory, shard);
    try {
      return await take(folder, options, (number, failures) => new Claim(folder, number, failures, options));
    } catch (error) {
      throw storageFailed(error, 'claim', folder);
    }
  }

  /** Aborted when another has taken the shard over: nothing of it can be stored or committed any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** How often the shard was tried before, and ended by an error. */
  get failures(): number {
    return this.#failures;
  }

  /** What is told of the run from now on, whenever the claim is renewed. */
  note(progress: () => Progress): void {
    this.#progress = progress;
  }

  /** Tells who has the shard, from now on until it is committed, given back or lost. @throws the system's error */
  async tell(): Promise<void> {
    await writeWhole(join(this.folder, CLAIM), this.#record(this.#failures));
    let isRenewing = false;
    this.#timer = setInterval(() => {
      // A storage that hangs is asked once.
      if (isRenewing) return;
      isRenewing = true;
      this.#renewing = this.#renew(this.#failures).then((isOurs) => {
        isRenewing = false;
        if (isOurs) this.#options.onRenewed?.();
      });
    }, this.#options.lease / RENEWALS);
    this.#timer.unref();
  }

  /**
   * Makes the shard done, for all and for good, in one step that only one can make, and only a claim that was not taken
   * over.
   *
   * @throws StorageError where it cannot be written; then it is not done
   */
  async commit(record: Omit<DoneRecord, 'claim' | 'worker' | 'journal'>): Promise<'committed' | 'lost'> {
    const { number } = this;
    const journal = claimName(number);
    const isCommitted = await this.#publish(DONE, { claim: number, worker: this.#options.worker, ...record, journal });
    await this.#stop();
    if (!isCommitted) return 'lost';
    if (number > 1) await removeFormer(this.#shard, number);
    return 'committed';
  }

  /**
   * Its run was ended by an error: another one may try.
   *
   * @param most after how many tries there are no more
   */
  async fail(
    { code, message }: Pick<PlainError, 'code' | 'message'>,
    most: number,
  ): Promise<'again' | 'failed' | 'lost'> {
    const attempts = this.#failures + 1;
    if (attempts < most) {
      await this.#stop();
      const isOurs = await this.#renew(attempts);
      if (isOurs) await this.#leave();
      return isOurs ? 'again' : 'lost';
    }
    const record: FailedRecord = { claim: this.number, attempts, error: { code, message } };
    const isFailed = await this.#publish(FAILED, record);
    await this.release();
    return isFailed ? 'failed' : 'lost';
  }

  /** Another one may take it at once. Does what it can and does not throw: else it is taken when nobody has renewed it. */
  async release(): Promise<void> {
    await this.#stop();
    await this.#leave();
  }

  /** Who has taken it over. */
  async takenBy(): Promise<Holder> {
    const names = await namesIn(this.#shard).catch(() => []);
    const [last] = claimFolders(names);
    if (last === undefined || last.number === this.number) return {};
    const read = await readClaim(join(this.#shard, last.name)).catch(() => undefined);
    return read?.kind === 'read' ? read.record : {};
  }

  /**
   * Whether it is still ours, as the storage has it. What only cannot be written now may be written later; if not, others
   * take the shard over and this claim is lost then.
   */
  async check(): Promise<boolean> {
    await this.#renewing;
    return this.#renew(this.#failures);
  }

  async #renew(failures: number): Promise<boolean> {
    if (this.#lost.signal.aborted) return false;
    try {
      await writeWhole(join(this.folder, CLAIM), this.#record(failures));
      return true;
    } catch (error) {
      if (isGone(error)) this.#lose();
      return !isGone(error);
    }
  }

  /** From the claim's own folder, which is not there any more for one that was taken over. */
  async #publish(name: string, record: DoneRecord | FailedRecord): Promise<boolean> {
    const [draft, path] = [join(this.folder, name), join(this.#shard, name)];
    try {
      if (name === DONE) await sync(join(this.folder, JOURNAL));
      await writeRecord(draft, record, true);
      await linkOnce(draft, path);
      await syncFolderAsync(this.#shard);
      return true;
    } catch (error) {
      // An answer that was lost on the way from the storage, asked for once more.
      if (isThere(error) && (await isSame(draft, path))) return true;
      if (!isGone(error) && !isThere(error)) throw storageFailed(error, 'write', path);
      this.#lose();
      return false;
    }
  }

  #record(failures: number): ClaimRecord {
    const { worker, lease } = this.#options;
    const who = { worker, pid: process.pid, host: hostname(), space: SPACE_OF_PROCESSES, since: this.#since, lease };
    return { ...who, failures, progress: this.#progress?.() };
  }

  #lose(): void {
    clearInterval(this.#timer);
    this.#lost.abort();
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
  }

  async #leave(): Promise<void> {
    if (!this.#lost.signal.aborted) await rename(this.folder, this.folder + FENCED).catch(() => undefined);
  }
}

type MakeClaim = (number: number, failures: number) => Claim;

async function take(folder: string, options: ClaimOptions, make: MakeClaim): Promise<Taken> {
  const { lease, reopen = false } = options;
  const names = (await makeNew(folder)) ? [] : await readdir(folder);
  const ended = endOf(names);
  if (ended !== undefined && !reopen) return { kind: ended };
  const record = ended === undefined ? undefined : await (ended === 'done' ? readDone(folder) : readFailed(folder));
  const by = record?.kind === 'read' ? record.record : undefined;
  const [last] = claimFolders(names);
  const told = last && (await readClaim(join(folder, last.name)));
  // One that has ended the shard has it no more; one after that is about to go through it once more.
  if (last?.fenced === false && last.number !== by?.claim) {
    const holder = await holderOf(join(folder, last.name), told, lease);
    if (holder !== undefined) return { kind: 'held', by: holder };
  }
  const before = told?.kind === 'read' ? told.record : undefined;
  const claim = make((last?.number ?? 0) + 1, (ended === undefined && before?.failures) || 0);
  const lower = await begin(folder, claim, reopen);
  if ('kind' in lower) return lower;
  const named = by !== undefined && 'journal' in by ? by.journal : undefined;
  const isDeadForSure = before !== undefined && isDead(before);
  try {
    await claim.tell();
    if (ended !== undefined && !(await putAway(join(folder, nameOfEnd(ended)), claim))) {
      return { kind: 'held', by: await claim.takenBy() };
    }
    const endedMeanwhile = await fenceAll(folder, lower);
    if (endedMeanwhile === undefined) await inherit(folder, claim, lower, named, isDeadForSure);
    else await claim.release();
    if (endedMeanwhile !== undefined) return { kind: endedMeanwhile };
  } catch (error) {
    // Stopped for longer than its lease meanwhile, it was taken over before it had begun.
    if (isGone(error) && !(await claim.check())) return { kind: 'held', by: await claim.takenBy() };
    await claim.release();
    throw error;
  }
  return { kind: 'taken', claim, ...(lower.some(({ fenced }) => !fenced) && { former: before ?? {} }) };
}

/** What a shard has come to counts no more. @returns false where another has the shard */
async function putAway(record: string, claim: Claim): Promise<boolean> {
  try {
    await rename(record, join(claim.folder, FORMER));
    return true;
  } catch (error) {
    if (!isGone(error)) throw error;
    await claim.release();
    return false;
  }
}

/** Makes the folder of a shard. @returns false where it is there */
async function makeNew(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    if (!isGone(error)) throw error;
    return (await makeFolders(folder)) !== undefined;
  }
}

/**
 * Makes the folder of a claim, and looks whether it is the last one: between the look at the shard and this one others may
 * have come and gone. The look comes after the folder was made, which a cache of the storage cannot have missed.
 *
 * @returns the folders of claims before it; else what has become of the shard
 */
async function begin(
  folder: string,
  claim: Claim,
  reopen: boolean,
): Promise<readonly ClaimFolder[] | Exclude<Taken, { readonly kind: 'taken' }>> {
  try {
    await mkdir(claim.folder);
  } catch (error) {
    if (isThere(error)) return { kind: 'held', by: await claim.takenBy() };
    throw error;
  }
  const names = await readdir(folder);
  const ended = endOf(names);
  const folders = claimFolders(names);
  const lower = folders.filter(({ number }) => number < claim.number);
  const isOurs = lower.length === folders.length - 1 && names.includes(claimName(claim.number));
  if (isOurs && (ended === undefined || reopen)) return lower;
  await rmdir(claim.folder).catch(() => undefined);
  return ended === undefined ? { kind: 'held', by: await claim.takenBy() } : { kind: ended };
}

/** Who has the claim; undefined where nobody does any more. */
async function holderOf(
  claim: string,
  told: Read<ClaimRecord> | undefined,
  lease: number,
): Promise<Holder | undefined> {
  const record = told?.kind === 'read' ? told.record : undefined;
  if (record !== undefined && isDead(record)) return undefined;
  const path = told === undefined || told.kind === 'none' ? claim : join(claim, CLAIM);
  try {
    return (await ageOf(path, join(claim, '..'))) < (record?.lease ?? lease) ? (record ?? {}) : undefined;
  } catch (error) {
    // It was taken over, or its worker left it, just now: whoever looks again sees by whom.
    if (isGone(error)) return record ?? {};
    throw error;
  }
}

/** @returns what has become of the shard until the last claim on it was fenced: that may have been committed until then */
async function fenceAll(folder: string, claims: readonly ClaimFolder[]): Promise<'done' | 'failed' | undefined> {
  const unfenced = claims.filter(({ fenced }) => !fenced);
  for (const { name } of unfenced) await fence(join(folder, name));
  return unfenced.length === 0 ? undefined : endOf(await readdir(folder));
}

async function fence(claim: string): Promise<void> {
  try {
    await rename(claim, claim + FENCED);
  } catch (error) {
    if (isGone(error)) return;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    // Of two that came at once, one did not get so far as to begin.
    await rm(claim, { recursive: true, force: true });
  }
}

/**
 * Takes from the claims before what is known of the shard.
 *
 * @param named the claim whose journal counts; without, the last that has one
 * @param isDeadForSure nobody writes to the beginnings of large bodies any more
 */
async function inherit(
  folder: string,
  claim: Claim,
  lower: readonly ClaimFolder[],
  named: string | undefined,
  isDeadForSure: boolean,
): Promise<void> {
  const former = lower.map(({ name, number, fenced }) => {
    return { path: join(folder, fenced ? name : name + FENCED), isNamed: claimName(number) === named };
  });
  const best = former.toSorted((a, b) => Number(b.isNamed) - Number(a.isNamed));
  for (const { path } of best) if (await copyJournal(path, claim.folder)) break;
  for (const { path } of former) await removeUnfinishedIn(path);
  const [last] = former;
  if (last === undefined || !isDeadForSure) return;
  await rename(join(last.path, PARTIAL), join(claim.folder, PARTIAL)).catch(() => undefined);
}

/** Whole or not at all. @returns false where there is none */
async function copyJournal(from: string, to: string): Promise<boolean> {
  const draft = join(to, `${JOURNAL}.draft`);
  try {
    await copyFile(join(from, JOURNAL), draft);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
  await sync(draft);
  await rename(draft, join(to, JOURNAL));
  return true;
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Of claims before one that is committed, nobody needs anything any more. Does what it can. */
async function removeFormer(folder: string, number: number): Promise<void> {
  const lower = claimFolders(await namesIn(folder).catch(() => [])).filter((claim) => claim.number < number);
  for (const { name } of lower) await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
}

function endOf(names: readonly string[]): 'done' | 'failed' | undefined {
  if (names.includes(DONE)) return 'done';
  return names.includes(FAILED) ? 'failed' : undefined;
}

function nameOfEnd(ended: 'done' | 'failed'): string {
  return ended === 'done' ? DONE : FAILED;
}

/** Nobody ever reads half of it. */
async function writeWhole(path: string, record: object): Promise<void> {
  const draft = `${path}.draft`;
  await writeRecord(draft, record, false);
  await rename(draft, path);
}

async function writeRecord(path: string, record: object, synced: boolean): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(`${JSON.stringify(record)}\n`);
    if (synced) await file.datasync();
  } finally {
    await file.close();
  }
}

/** Gives a file a second name that is not there. Where there are no second names, what holds is that only one has the claim. */
async function linkOnce(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code)) throw error;
    const found = await lstat(to).catch(() => undefined);
    if (found !== undefined) throw Object.assign(new Error(`EEXIST: ${to} is there`), { code: 'EEXIST' });
    await rename(from, to);
  }
}

async function isSame(one: string, other: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([lstat(one, { bigint: true }), lstat(other, { bigint: true })]);
    return a.ino === b.ino && a.dev === b.dev;
  } catch {
    return false;
  }
}

function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}

/** What was there is not: also where a server was asked for it by a handle. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESTALE'].includes(String((error as NodeJS.ErrnoException).code));
}
