/** What an error of the operating system means for a body that was to be stored, and what a person can do about it. */
import { type ErrorCode, type PlainError, SluiceError, toPlain } from '../src/errors.js';
import type { StoreSettings } from '../src/protocol.js';

interface Meaning {
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
  ENOENT: {
    code: 'STORE_FAILED',
    what: 'the destination is gone',
    hint: 'something removed it while the run was going on; run the same command again',
  },
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

export function describeStoreFailure(error: unknown, name: string, settings: StoreSettings): PlainError {
  const meaning =
    error instanceof SluiceError ? UNKNOWN : (MEANINGS[(error as NodeJS.ErrnoException).code ?? ''] ?? UNKNOWN);
  return toPlain(error, {
    code: meaning.code,
    message: `cannot store ${name} in ${settings.directory}: ${meaning.what}`,
    hint: meaning.hint,
  });
}
