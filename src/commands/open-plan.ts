/** What commands on a destination ask first: whether it has a plan, which many machines may be working off. */
import { resolve } from 'node:path';
import type { Manifest } from '../fleet/manifest.js';
import { planFolder } from '../fleet/plan-folder.js';
import { isThere } from '../shared/is-there.js';
import type { HistoryArguments } from './open-history.js';

/**
 * @returns undefined where there is none, or the journal of a run was named with `--state`
 * @throws SluiceError PLAN_DAMAGED
 */
export async function openPlan({ directory, state }: HistoryArguments): Promise<Manifest | undefined> {
  if (state !== undefined) return undefined;
  const path = resolve(directory);
  return (await isThere(planFolder(path))) ? (await import('../fleet/manifest.js')).readManifest(path) : undefined;
}
