/** Exit statuses, the same for all commands. */
import { SluiceError, StorageError, UsageError } from '../errors.js';
import { Interrupted } from './interrupt.js';

/** Some items failed. */
export const SOME_FAILED = 1;
/** An option, an argument or a list was wrong; nothing was begun. */
export const USAGE = 2;
/** The storage stopped the run. */
const STORAGE = 3;
/** Another run holds the destination. */
const BUSY = 4;
/** A fault of the program: EX_SOFTWARE of sysexits.h. */
export const INTERNAL = 70;

export function exitStatus(error: unknown): number {
  if (error instanceof UsageError) return USAGE;
  if (error instanceof StorageError) return STORAGE;
  if (error instanceof SluiceError) {
    if (error.code === 'LIST_UNREADABLE') return USAGE;
    if (error.code === 'STORE_BUSY') return BUSY;
    if (error.cause instanceof Interrupted) return error.cause.status;
    return error.code === 'INTERNAL' ? INTERNAL : SOME_FAILED;
  }
  return INTERNAL;
}
