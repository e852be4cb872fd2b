/** What commands on a destination ask first: whether it has a plan, which many machines may be working off. */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Manifest } from '../fleet/manifest.js';
import { planFolder } from '../fleet/plan-folder.js';
import type { HistoryArguments } from './open-history.js';

/**
 * @returns undefined where there is none, or the journal of a run was named with `--state`
 * @throws SluiceError PLAN_DAMAGED
 */
export async function openPlan({ directory, state }: HistoryArguments): Promise<Manifest | undefined> {
  if (state !== undefined) return undefined;
  const path = resolve(directory);
  const isThere = await access(planFolder(path)).then(
    () => true,
    () => false,
  );
  return isThere ? (await import('../fleet/manifest.js')).readManifest(path) : undefined;
}
