/** Loaded before a program (`--import`), and with it in each of its threads: storage that takes 5 ms for every name and write. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

/** Milliseconds. */
const DELAY = 5;

if (isMainThread) {
  // Only the journal is written from here.
  const { open } = fs.promises;
  fs.promises.open = async (...args) => {
    await sleep(DELAY);
    const file = await open(...args);
    const write = file.write.bind(file) as (...args: unknown[]) => Promise<unknown>;
    file.write = (async (...what: unknown[]) => {
      await sleep(DELAY);
      return write(...what);
    }) as typeof file.write;
    return file;
  };
} else {
  const never = new Int32Array(new SharedArrayBuffer(4));
  const nap = (): unknown => Atomics.wait(never, 0, 0, DELAY);
  const { openSync, writeSync, renameSync } = fs;
  fs.openSync = (...args) => (nap(), openSync(...args));
  fs.writeSync = ((...args: Parameters<typeof writeSync>) => (nap(), writeSync(...args))) as typeof writeSync;
  fs.renameSync = (...args) => (nap(), renameSync(...args));
}
syncBuiltinESMExports();
