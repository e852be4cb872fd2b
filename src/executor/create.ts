/** Which executor a run gets. Each is loaded when it is asked for: `inline` needs no piscina. */
import { type FileShares, shareFiles } from '../shared/file-limit.js';
import type { StoreSettings } from '../protocol/settings.js';
import type { Executor, StoreListener } from './executor.js';
import { hasSteps } from '../../workers/steps/steps.js';
import type { TarSettings } from '../protocol/tar.js';
import type { TarExecutor, TarListener } from './tar.js';

/**
 * @param workers threads for `pool`, or `auto`
 * @param isLone whether the run has no more than one item
 */
export async function createExecutor(
  name: 'pool' | 'inline' | 'libuv' | 'discard',
  workers: number | 'auto',
  settings: StoreSettings,
  onStored: StoreListener,
  isLone = false,
  shares: FileShares = shareFiles(),
): Promise<Executor> {
  if (name === 'pool') {
    const openPool = async (): Promise<Executor> => {
      const { PoolExecutor } = await import('./pool.js');
      return new PoolExecutor(workers, settings, onStored, shares);
    };
    // What steps and hashes cost is a processor's time, which the network is not to wait for either.
    const isPlain = !hasSteps(settings) && settings.computeHash === undefined;
    if (!isLone || workers !== 'auto' || !isPlain) return openPool();
    const { LoneExecutor } = await import('./lone.js');
    return new LoneExecutor(settings, onStored, openPool);
  }
  if (name === 'discard') {
    const { DiscardExecutor } = await import('./discard.js');
    return new DiscardExecutor(onStored);
  }
  const { LocalExecutor } = await import('./local.js');
  return new LocalExecutor(name, settings, onStored, shares.writers);
}

/** @param captionColumn the column of the list that has captions */
export async function createTarExecutor(
  settings: Omit<TarSettings, 'started'>,
  listener: TarListener,
  captionColumn?: string,
): Promise<TarExecutor> {
  const { TarExecutor } = await import('./tar.js');
  const started = Math.floor(Date.now() / 1000);
  return new TarExecutor({ ...settings, started }, listener, captionColumn);
}
