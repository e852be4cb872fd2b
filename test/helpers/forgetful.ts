/**
 * Loaded before a program (`--import`): forgets what it was asked for, so that the program waits for what never comes.
 * `FORGETS=timers`, of between two and four seconds; `FORGETS=journal`, to open it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

if (process.env['FORGETS'] === 'timers') {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((run: () => void, delay = 0) =>
    delay > 2_000 && delay < 4_000
      ? setTimeout(() => undefined, 1e9).unref()
      : setTimeout(run, delay)) as typeof setTimeout;
} else {
  const { open } = fs.promises;
  fs.promises.open = ((path: string, flags: string, mode: number) =>
    path.endsWith('journal') ? new Promise(() => undefined) : open(path, flags, mode)) as typeof open;
  syncBuiltinESMExports();
}
