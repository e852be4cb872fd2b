/** Exit statuses, the same for all commands. */
import { type ErrorCode, SluiceError, StorageError, UsageError } from '../errors.js';
import type { Summary } from '../outcome.js';
import { Interrupted } from './interrupt.js';

/** Some items failed, or what the command was to tell is not whole. */
export const SOME_FAILED = 1;
/** An option, an argument or a list was wrong; nothing was requested. */
export const USAGE = 2;
/** The storage stopped the run. */
const STORAGE = 3;
/** Another run holds the destination. */
const BUSY = 4;
/** Of what was asked for something is not as it should be, and nothing was begun. */
const ASKED_WRONG: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'LIST_UNREADABLE',
  'PLAN_THERE',
  'PLAN_DAMAGED',
  'PLAN_ELSEWHERE',
  'QUEUE_UNREACHABLE',
  'QUEUE_DENIED',
  'QUEUE_UNFIT',
]);
/** A fault of the program: EX_SOFTWARE of sysexits.h. */
export const INTERNAL = 70;

/**
 * Of a run that went through its list.
 *
 * @param isTold whether its report is whole
 */
export function statusOf(
  { ok, skipped, notFound, disallowed, filtered, errors, causes }: Summary,
  isTold: boolean,
): number {
  // Of what was given, nothing is a URL.
  if (errors > 0 && errors === causes.LIST_LINE && ok + skipped + notFound + disallowed + filtered === 0) return USAGE;
  return errors + notFound === 0 && isTold ? 0 : SOME_FAILED;
}

export function exitStatus(error: unknown): number {
  if (error instanceof UsageError) return USAGE;
  if (error instanceof StorageError) return STORAGE;
  if (error instanceof SluiceError) {
    if (ASKED_WRONG.has(error.code)) return USAGE;
    if (error.code === 'STORE_BUSY') return BUSY;
    if (error.cause instanceof Interrupted) return error.cause.status;
    return error.code === 'INTERNAL' ? INTERNAL : SOME_FAILED;
  }
  return INTERNAL;
}
