/** Names that a journal tells of: whoever has written it, they lead nowhere else. */
import { StorageError } from '../errors.js';
import { isItemName } from '../plan/paths.js';
import { printable } from '../shared/printable.js';

/** @throws StorageError for a name that would lead elsewhere */
export function requireItemName(path: string, name: string): void {
  if (!isItemName(name)) throw notOurs(path, name);
}

function notOurs(path: string, name: string): StorageError {
  return new StorageError({
    code: 'STORE_JOURNAL',
    message: `the journal ${printable(path, 1000)} tells of ${printable(name)}, a name that no file of sluice gets`,
    hint: 'somebody else has written it: move it away',
  });
}
