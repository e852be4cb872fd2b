/** Which executor a run gets. Each is loaded when it is asked for: `inline` needs no piscina. */
import type { StoreSettings } from '../protocol.js';
import type { Executor, StoreListener } from './executor.js';

/** @param workers threads for `pool`, or `auto` */
export async function createExecutor(
  name: 'pool' | 'inline' | 'libuv',
  workers: number | 'auto',
  settings: StoreSettings,
  onStored: StoreListener,
): Promise<Executor> {
  if (name === 'pool') {
    const { PoolExecutor } = await import('./pool.js');
    return new PoolExecutor(workers, settings, onStored);
  }
  const { LocalExecutor } = await import('./local.js');
  return new LocalExecutor(name, settings, onStored);
}
