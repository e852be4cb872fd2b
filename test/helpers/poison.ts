/**
 * Loaded before a program (`--import`), and with it in each of its threads: makes the threads end in the ways in which
 * threads do, when they give a file a name that says so, or write the name of such a file into a shard; or makes that
 * call take long, as slow storage does.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const { rename, renameSync, writeSync } = fs;
  const take = (name: string): void => {
    if (name.endsWith('poison-exit')) process.exit(0);
    if (name.endsWith('poison-throw')) {
      // In a later turn, where nothing can catch it; and this turn takes until then.
      setImmediate(() => {
        throw new Error('thrown by the poison');
      });
    }
    if (name.endsWith('poison-heap')) {
      const hoard: number[][] = [];
      for (;;) hoard.push(Array.from({ length: 100_000 }, Math.random));
    }
    // Where there is a FIFO of this name, opening it takes until somebody writes to it. Another file tells that it begins.
    if (name.endsWith('poison-fifo')) {
      fs.writeFileSync(`${name}-opened`, '');
      fs.closeSync(fs.openSync(name, 'r'));
    }
    if (name.endsWith('poison-slow')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80);
    if (name.endsWith('poison-full')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'rename' });
  };
  fs.renameSync = (from, to) => {
    take(String(to));
    renameSync(from, to);
  };
  fs.rename = ((from, to, callback) => {
    take(String(to));
    rename(from, to, callback);
  }) as typeof rename;
  fs.writeSync = ((fd: number, bytes: Buffer, ...rest: [number, number]) => {
    const [name] = /(?<="name":")poison-\w+/.exec(Buffer.from(bytes).toString('latin1')) ?? [];
    if (name !== undefined) take(name);
    return writeSync(fd, bytes, ...rest);
  }) as typeof writeSync;
  syncBuiltinESMExports();
}
