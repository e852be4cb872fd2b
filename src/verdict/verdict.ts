/** The verdict on a run, in words. */
import type { Verdict } from '../outcome.js';

/** `storage 87% (32 writers waiting on rename)`. */
export function describeBound({ bound, share, detail }: Verdict): string {
  return `${bound} ${Math.round(100 * share)}% (${detail})`;
}

/** The same with the advice: `storage 87% (32 writers waiting on rename); try --layout hashed`. */
export function describeVerdict(verdict: Verdict): string {
  return describeBound(verdict) + (verdict.advice === undefined ? '' : `; ${verdict.advice}`);
}
