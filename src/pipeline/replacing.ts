/** Keeps bodies that take the place of what is there until the journal says that they may. */
import type { Updates } from '../journal/updates.js';
import type { Naming, Work } from '../schedule/work.js';
import { CANCELLED } from '../../workers/plain.js';

/** The body of an item that has changed is there, or begins to come: it waits as one does that gets another name. */
export function replace(work: Work, updates: Updates | undefined): void {
  if (updates === undefined || work.naming !== undefined) return;
  const { name } = work.item;
  const { successor, written } = updates.replace(work.item);
  const naming: Naming = { wanted: name, name, settled: undefined, refused: undefined, isKept: false, successor };
  // A run whose journal cannot be written stops.
  const known = written.catch(() => {
    naming.refused = CANCELLED;
  });
  naming.settled = known.then(() => {
    naming.settled = undefined;
  });
  work.naming = naming;
}
