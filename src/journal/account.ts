/** What became of the items that journals tell of, counted. */
import { shardName } from '../../workers/shard-name.js';
import type { SameFile } from '../item.js';
import type { FailureRecord } from './format.js';

export interface Account {
  stored: number;
  unproven: number;
  /** Of what is stored. */
  bytes: number;
  /** Of what is stored, links to other files with the same bytes, and how many bytes they have; and copies of others. */
  linked: number;
  saved: number;
  copies: number;
  notFound: number;
  /** Left out: robots.txt or X-Robots-Tag disallowed it. */
  disallowed: number;
  /** Left out: images that the run did not want. */
  filtered: number;
  errors: number;
  unfinished: number;
  /** How many errors there are of each code. */
  readonly causes: Record<string, number>;
}

/** Why an item is not stored. */
export interface Lack {
  readonly kind: 'error' | 'notFound' | 'disallowed' | 'filtered' | 'unfinished';
  readonly code: string;
  readonly message: string;
}

export function emptyAccount(): Account {
  const none = { notFound: 0, disallowed: 0, filtered: 0, errors: 0, unfinished: 0 };
  return { stored: 0, unproven: 0, bytes: 0, linked: 0, saved: 0, copies: 0, ...none, causes: {} };
}

/** Adds what is known of others. */
export function addAccount(account: Account, others: Readonly<Partial<Account>>): void {
  const { stored = 0, unproven = 0, bytes = 0, notFound = 0, disallowed = 0, filtered = 0 } = others;
  const { linked = 0, saved = 0, copies = 0, errors = 0, unfinished = 0 } = others;
  account.stored += stored;
  account.unproven += unproven;
  account.bytes += bytes;
  account.linked += linked;
  account.saved += saved;
  account.copies += copies;
  account.notFound += notFound;
  account.disallowed += disallowed;
  account.filtered += filtered;
  account.errors += errors;
  account.unfinished += unfinished;
  for (const [code, times] of Object.entries(others.causes ?? {})) {
    account.causes[code] = (account.causes[code] ?? 0) + times;
  }
}

export function countLack(account: Account, { kind, code }: Lack): void {
  if (kind === 'error') account.causes[code] = (account.causes[code] ?? 0) + 1;
  account[kind === 'error' ? 'errors' : kind] += 1;
}

/** @param same the other file with the same bytes, if there is one */
export function countStored(account: Account, size: number, unproven: boolean, same: SameFile | undefined): void {
  account.stored += 1;
  account.bytes += size;
  if (unproven) account.unproven += 1;
  countSame(account, size, same);
}

export const UNFINISHED: Lack = { kind: 'unfinished', code: 'ABORTED', message: 'it was begun and not finished' };

export function failedWith({ status, code, message }: FailureRecord): Lack {
  return { kind: status === 'not_found' ? 'notFound' : status, code, message };
}

/** It was in a shard that is not there. */
export function lostWith(shard: number): Lack {
  return { kind: 'error', code: 'STORE_CHANGED', message: `it was in ${shardName(shard)}, which is gone` };
}

/** @param same the other file with the same bytes, if there is one */
export function countSame(
  counts: Pick<Account, 'linked' | 'saved' | 'copies'>,
  size: number,
  same: SameFile | undefined,
): void {
  if (same?.linked === true) {
    counts.linked += 1;
    counts.saved += size;
  } else if (same !== undefined) counts.copies += 1;
}
