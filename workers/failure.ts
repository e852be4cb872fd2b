/** What an error of the operating system means for a body that was to be stored, and what a person can do about it. */
import { constants } from 'node:os';
import { type ErrorCode, type PlainError, StorageError, toPlain } from '../src/errors.js';
import type { StoreSettings } from '../src/protocol/settings.js';

/** What an error means for the storage, with the parts of a message about it. */
export interface Meaning {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const FULL: Meaning = {
  code: 'STORE_FULL',
  what: 'the disk is full',
  hint: 'make room, then run the same command again',
};
const DENIED: Meaning = {
  code: 'STORE_DENIED',
  what: 'permission denied',
  hint: 'make the destination writable for this user, or choose another with --directory',
};
const GONE: Meaning = {
  code: 'STORE_FAILED',
  what: 'the destination is gone',
  hint: 'something removed or unmounted it while the run was going on; run the same command again',
};
const TOO_MANY_OPEN: Meaning = {
  code: 'STORE_CROWDED',
  what: 'too many files are open',
  hint: 'raise ulimit -n, or lower --max-requests',
};

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOSPC: FULL,
  EDQUOT: { ...FULL, what: 'the disk quota is used up' },
  EROFS: {
    code: 'STORE_READ_ONLY',
    what: 'the file system is read-only',
    hint: 'mount it writable, or choose another destination with --directory',
  },
  EACCES: DENIED,
  EPERM: DENIED,
  ENOENT: GONE,
  ENOTDIR: GONE,
  ESTALE: GONE,
  EMFILE: TOO_MANY_OPEN,
  ENFILE: TOO_MANY_OPEN,
  EISDIR: {
    code: 'STORE_EXISTS',
    what: 'a folder has this name',
    hint: 'rename the folder, or choose another destination',
  },
  EFBIG: {
    code: 'STORE_FAILED',
    what: 'the file is too large',
    hint: 'see ulimit -f and the limits of the file system',
  },
};

const UNKNOWN: Meaning = {
  code: 'STORE_FAILED',
  what: 'the storage failed',
  hint: 'check the storage, then run the same command again',
};
const OWN_FAULT: Meaning = {
  code: 'INTERNAL',
  what: 'sluice failed',
  hint: 'this is a fault of sluice: report it with the cause',
};

/** libuv knows neither EDQUOT nor ESTALE: such an error has `Unknown system error -122` for its code. */
const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [-number, name]));

/** What an error that a call on files threw means. What no such call threw is no fault of the storage. */
export function meaningOf(error: unknown): Meaning {
  const { code = '', errno = 0, syscall } = Object(error) as NodeJS.ErrnoException;
  return MEANINGS[code] ?? MEANINGS[NAMES.get(errno) ?? ''] ?? (syscall === undefined ? OWN_FAULT : UNKNOWN);
}

/** What was written may be lost, whatever a second try says: so it ends the run. */
export function syncFailed(error: unknown, path: string): StorageError {
  const { what, hint } = meaningOf(error);
  return new StorageError(toPlain(error, { code: 'STORE_SYNC', message: `cannot sync ${path}: ${what}`, hint }));
}

export function describeStoreFailure(
  error: unknown,
  name: string,
  settings: Pick<StoreSettings, 'directory'>,
): PlainError {
  const { code, what, hint } = meaningOf(error);
  return toPlain(error, { code, message: `cannot store ${name} in ${settings.directory}: ${what}`, hint });
}
