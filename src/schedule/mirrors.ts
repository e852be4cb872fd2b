/**
 * An item that has mirrors: each of its URLs is tried once, without waiting; then those that failed in a way that may pass
 * are tried as any other item is, one after the other.
 */
import type { PlainError } from '../errors.js';
import { addressOf } from '../plan/address.js';
import { type Work, workFor } from './work.js';

/** What is left to be tried besides the URL at hand. */
export interface Mirrors {
  readonly untried: readonly string[];
  /** They failed, and may recover. */
  readonly failed: readonly string[];
}

/** Whether another URL of it has not been tried at all. */
export function hasUntried({ mirrors }: Work): boolean {
  return mirrors !== undefined && mirrors.untried.length > 0;
}

/**
 * The same item at its next URL.
 *
 * @param error with which the last one failed
 * @param mayRecover whether that is worth another try
 * @returns undefined when there is none, or when the failure is not the server's
 */
export function elsewhere(work: Work, { code }: PlainError, mayRecover: boolean): Work | undefined {
  const { item, mirrors, timeLeft } = work;
  if (mirrors === undefined || !/^(?:(?:NET|HTTP|BODY)_|ROBOTS_TXT$)/.test(code)) return undefined;
  const failed = mayRecover ? [...mirrors.failed, item.mirror ?? item.url] : mirrors.failed;
  const isFirstRound = mirrors.untried.length > 0;
  const [mirror, ...rest] = isFirstRound ? mirrors.untried : failed;
  if (mirror === undefined || timeLeft <= 0) return undefined;
  const { origin, path } = addressOf(mirror);
  const next = workFor({ ...item, origin, path, mirror }, timeLeft);
  next.naming = work.naming;
  next.mirrors = isFirstRound ? { untried: rest, failed } : { untried: [], failed: rest };
  return next;
}
