/** Whether a worker that told of itself is dead for sure, so that nobody has to wait until it has renewed nothing. */
import { readlinkSync } from 'node:fs';
import { SPACE } from '../destination/told.js';
import type { ClaimRecord } from './records.js';

/** Milliseconds after which a worker that renews nothing counts as dead: enough for a storage that is slow, or away for a while. */
export const USUAL_LEASE = 60_000;

/** The same for all processes that see each other by their numbers. */
export const SPACE_OF_PROCESSES = `${SPACE} ${processSpace()}`;

/** Only Linux tells apart containers and machines of the same name; elsewhere a worker is waited for. */
const TELLS_APART = process.platform === 'linux' && processSpace() !== '';

export function isDead({ space, pid }: Pick<ClaimRecord, 'space' | 'pid'>): boolean {
  return TELLS_APART && space === SPACE_OF_PROCESSES && !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
