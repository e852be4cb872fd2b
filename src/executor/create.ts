/** Which executor a run gets. Each is loaded when it is asked for: `inline` needs no piscina. */
import { type FileShares, shareFiles } from '../shared/file-limit.js';
import type { StoreSettings } from '../protocol/settings.js';
import type { Executor, StoreListener } from './executor.js';
import type { TarSettings } from '../protocol/tar.js';
import type { TarExecutor, TarListener } from './tar.js';

/** @param workers threads for `pool`, or `auto` */
export async function createExecutor(
  name: 'pool' | 'inline' | 'libuv' | 'discard',
  workers: number | 'auto',
  settings: StoreSettings,
  onStored: StoreListener,
  shares: FileShares = shareFiles(),
): Promise<Executor> {
  if (name === 'pool') {
    const { PoolExecutor } = await import('./pool.js');
    return new PoolExecutor(workers, settings, onStored, shares);
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
