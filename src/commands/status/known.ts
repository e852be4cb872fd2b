/** What `sluice status` tells of items and lists, whether of one run after the other or of a plan. */
import { stat } from 'node:fs/promises';
import type { Account } from '../../journal/account.js';
import type { ListMark } from '../../journal/format.js';
import type { Failure } from '../../journal/history.js';
import { count, formatBytes } from '../../shared/format.js';
import { printable, withoutPassword } from '../../shared/printable.js';
import {
  describeDisallowed,
  describeErrors,
  describeFailure,
  describeFiltered,
  describeSame,
} from '../run-download.js';

interface FailureShown {
  /** Without its password. */
  readonly url: string;
  readonly code: string;
  readonly message: string;
}

/** What is known of a destination's items. */
export interface Known extends Account {
  /** The first of what failed. */
  readonly failures: FailureShown[];
}

export function asShown({ url, code, message }: Failure): FailureShown {
  return { url: withoutPassword(url), code, message };
}

/** A list of the last run as it is now; undefined for what is no file. */
export interface List extends ListMark {
  readonly state?: 'the same' | 'changed' | 'not there';
}

/** @param isSame of a list that is a file; throws where that cannot be read */
export async function look<L extends ListMark>(
  list: L,
  isSame: (list: L) => Promise<boolean> = isUntouched,
): Promise<List> {
  if (list.changed === undefined) return list;
  try {
    return { ...list, state: (await isSame(list)) ? 'the same' : 'changed' };
  } catch {
    return { ...list, state: 'not there' };
  }
}

async function isUntouched({ label, size, changed }: ListMark): Promise<boolean> {
  const now = await stat(label);
  return now.size === size && now.mtime.toISOString() === changed;
}

const SINCE = {
  'the same': 'is the same since',
  changed: 'has changed since',
  'not there': 'is not there, seen from this folder',
} as const;

/** All but what is not finished. */
export function describeKnown(directory: string, known: Known): string[] {
  const { stored, unproven, bytes, linked, saved, copies, notFound, disallowed, filtered, errors, causes, failures } =
    known;
  const lines = failures.map(({ url, message }) => describeFailure(url, message));
  const hidden = notFound + errors - failures.length;
  if (hidden > 0) lines.push(`*** ${count(hidden, 'more error')}; --verbose shows them all.`);
  lines.push(`${printable(directory, 1000)}: ${count(stored, 'file')} stored, ${formatBytes(bytes)}.`);
  if (unproven > 0) lines.push(`${unproven} of them unproven: they ended with the connection, and may be cut.`);
  lines.push(...describeSame(linked, saved, copies));
  if (notFound > 0) lines.push(`${notFound} not found.`);
  if (disallowed > 0) lines.push(describeDisallowed(disallowed));
  if (filtered > 0) lines.push(describeFiltered(filtered));
  if (errors > 0) lines.push(describeErrors(errors, causes));
  return lines;
}

export function describeLists(lists: readonly List[]): readonly string[] {
  return lists.flatMap(({ label, state }) =>
    state === undefined ? [] : `The list ${printable(label, 1000)} ${SINCE[state]}.`,
  );
}
