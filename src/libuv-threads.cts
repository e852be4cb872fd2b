/**
 * Sets up libuv's threads for a process that downloads. CommonJS, because Node reads ES modules with those very threads:
 * when the first line of one runs, their number is settled.
 */
import fs = require('node:fs');
import os = require('node:os');

/**
 * As many files as are stored at once, and four: Node's own number, so that looking up a host's name never waits for
 * slow storage. A thread of libuv's costs a hundredth of a worker to start; those that are not needed sleep.
 */
const THREADS = 64 + 4;
/** How much lower than the main thread's their priority is: the network does not wait for the store, not for a processor either. */
const NICE = 5;
const LOWEST = os.constants.priority.PRIORITY_LOW;
const TASKS = '/proc/self/task';

/** On Linux a priority is a thread's own, and a thread is known by its number; elsewhere it would be the whole process's. */
function startThreads(started: () => void): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(THREADS);
  const others = process.platform === 'linux' && fs.existsSync(TASKS) ? new Set(fs.readdirSync(TASKS)) : undefined;
  if (others === undefined) {
    started();
    return;
  }
  // Of this thread, as `nice` may have begun the command: who is nobody in particular may not raise any.
  const priority = Math.min(LOWEST, os.getPriority() + NICE);
  // All of them start with the first thing that there is to do.
  fs.stat('/', () => {
    for (const thread of fs.readdirSync(TASKS)) if (!others.has(thread)) os.setPriority(Number(thread), priority);
    started();
  });
}

export = { startThreads };
