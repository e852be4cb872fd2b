/** Long work on the main thread stops for a moment here, so that Ctrl-C is noticed. */
import { setImmediate } from 'node:timers/promises';

/** @throws the signal's reason once it is aborted */
export async function breath(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
