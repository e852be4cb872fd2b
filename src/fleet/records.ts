/** What workers write down of a shard beside its journal, as it is read: whole and of the form that it is to have, or damaged. */
import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { storageFailed } from '../journal/examine.js';
import type { Verdict } from '../outcome.js';

export const DONE = 'done.json';
export const FAILED = 'failed.json';
export const CLAIM = 'claim.json';

/** Bytes that any of them has at the most. */
const MOST_BYTES = 16 << 10;

/** A shard is done: of each of its rows it is known what became of it. */
export interface DoneRecord {
  /** The number of the claim that has committed it. */
  readonly claim: number;
  readonly worker: string;
  readonly rows: number;
  /** Items that are stored, whichever claim has stored them. */
  readonly ok: number;
  /** Of these, bodies that ended with the connection. */
  readonly unproven: number;
  readonly notFound: number;
  readonly disallowed: number;
  /** Not there in those of earlier versions. */
  readonly filtered?: number;
  readonly refused: number;
  readonly duplicates: number;
  /** Without the rows that were refused. */
  readonly errors: number;
  /** Of what is stored. */
  readonly bytes: number;
  /** How many errors there are of each code. */
  readonly causes: Readonly<Record<string, number>>;
  /** Seconds that its claim took. */
  readonly elapsed: number;
  /** ISO 8601. */
  readonly ended: string;
  /** The folder of the claim that has its journal. */
  readonly journal: string;
}

/** Rows that it tells of: each row of a list once. */
export function rowsOf(
  record: Pick<DoneRecord, 'ok' | 'notFound' | 'disallowed' | 'filtered' | 'errors' | 'refused' | 'duplicates'>,
): number {
  const { ok, notFound, disallowed, filtered = 0, errors, refused, duplicates } = record;
  return ok + notFound + disallowed + filtered + errors + refused + duplicates;
}

/** A shard whose runs ended by an error again and again. */
export interface FailedRecord {
  readonly claim: number;
  readonly attempts: number;
  readonly error: { readonly code: string; readonly message: string };
}

/** How far a worker has come with a shard. */
export interface Progress {
  /** Rows of which it is known what became of them. */
  readonly done: number;
  /** Items that are stored, whichever claim has stored them. */
  readonly stored: number;
  readonly notFound: number;
  readonly disallowed: number;
  readonly filtered?: number;
  /** Without the rows that were refused. */
  readonly errors: number;
  /** Files that this claim has stored, and what they have. */
  readonly files: number;
  readonly bytes: number;
  /** Seconds since it began. */
  readonly elapsed: number;
  readonly verdict?: Verdict | undefined;
}

/** Who works on a shard. */
export interface ClaimRecord {
  readonly worker: string;
  readonly pid: number;
  readonly host: string;
  readonly space: string;
  /** ISO 8601. */
  readonly since: string;
  /** Milliseconds after which it counts as dead if it renews nothing. */
  readonly lease: number;
  /** How many runs of the shard before it were ended by an error. */
  readonly failures?: number | undefined;
  readonly progress?: Progress | undefined;
}

/** `changed`: when a claim was written last, in milliseconds since 1970, by the clock of the storage. */
export type Read<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'damaged'; readonly why: string; readonly changed: number }
  | { readonly kind: 'read'; readonly record: T; readonly changed: number };

/** @param folder of the shard @throws StorageError where the storage does not give it */
export function readDone(folder: string): Promise<Read<DoneRecord>> {
  return read(join(folder, DONE), DONE_FORM);
}

/** @param folder of the shard @throws StorageError where the storage does not give it */
export function readFailed(folder: string): Promise<Read<FailedRecord>> {
  return read(join(folder, FAILED), FAILED_FORM);
}

/** @param folder of the claim @throws StorageError where the storage does not give it */
export function readClaim(folder: string): Promise<Read<ClaimRecord>> {
  return read(join(folder, CLAIM), CLAIM_FORM, true);
}

type Form<T> = { readonly [K in keyof T]-?: (value: unknown) => boolean };

const DONE_FORM: Form<DoneRecord> = {
  claim: isCount,
  worker: isText,
  rows: isCount,
  ok: isCount,
  unproven: isCount,
  notFound: isCount,
  disallowed: isCount,
  filtered: isCountOrNone,
  refused: isCount,
  duplicates: isCount,
  errors: isCount,
  bytes: isCount,
  causes: (value) => isObject(value) && Object.values(value).every(isCount),
  elapsed: isAmount,
  ended: isText,
  journal: isText,
};

const FAILED_FORM: Form<FailedRecord> = { claim: isCount, attempts: isCount, error: isError };

const PROGRESS_FORM: Form<Progress> = {
  done: isCount,
  stored: isCount,
  notFound: isCount,
  disallowed: isCount,
  filtered: isCountOrNone,
  errors: isCount,
  files: isCount,
  bytes: isCount,
  elapsed: isAmount,
  verdict: (value) => value === undefined || (isObject(value) && isText(value['bound']) && isAmount(value['share'])),
};

const CLAIM_FORM: Form<ClaimRecord> = {
  worker: isText,
  pid: isCount,
  host: isText,
  space: isText,
  since: isText,
  lease: isAmount,
  failures: isCountOrNone,
  progress: (value) => value === undefined || faultOf(value, PROGRESS_FORM) === undefined,
};

function isCountOrNone(value: unknown): boolean {
  return value === undefined || isCount(value);
}

/** @param isDated whether it is asked for when it was written: a wait for the storage that most do not need */
async function read<T>(path: string, form: Form<T>, isDated = false): Promise<Read<T>> {
  try {
    const file = await open(path);
    try {
      const buffer = Buffer.allocUnsafe(MOST_BYTES);
      const { bytesRead } = await file.read(buffer, 0, MOST_BYTES, 0);
      const changed = isDated ? (await file.stat()).mtimeMs : 0;
      const value = parsed(buffer.toString('utf8', 0, bytesRead));
      const why = faultOf(value, form);
      return why === undefined ? { kind: 'read', record: value as T, changed } : { kind: 'damaged', why, changed };
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { kind: 'none' };
    if (code === 'EISDIR') return { kind: 'damaged', why: 'it is a folder', changed: 0 };
    throw storageFailed(error, 'read', path);
  }
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is wrong with it. */
function faultOf<T>(value: unknown, form: Form<T>): string | undefined {
  if (!isObject(value)) return 'it is no object of JSON';
  const fields = Object.entries<(field: unknown) => boolean>(form);
  const wrong = fields.find(([name, isRight]) => !isRight(value[name]));
  return wrong && `it has no ${wrong[0]} that could be right`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isError(value: unknown): boolean {
  return isObject(value) && isText(value['code']) && isText(value['message']);
}
