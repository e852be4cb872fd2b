/**
 * A process that nothing will wake any more ends by itself, with status 0, though what it does has not ended. Whoever
 * would be cut off by that is told before.
 */

const guards = new Set<() => void>();

/** Told when this process is about to end; what it begins then keeps the process, and it is told again if that ends, too. */
export function guardAgainstStandstill(guard: () => void): void {
  // One listener for all: a program may have any number of downloads.
  if (guards.size === 0) process.on('beforeExit', tellAll);
  guards.add(guard);
}

/** What was guarded has ended. */
export function unguard(guard: () => void): void {
  guards.delete(guard);
  if (guards.size === 0) process.off('beforeExit', tellAll);
}

function tellAll(): void {
  for (const guard of guards) guard();
}
