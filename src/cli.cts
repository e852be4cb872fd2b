#!/usr/bin/env node
/**
 * The command. It gives libuv its threads and loads the program. CommonJS, because Node reads ES modules with those very
 * threads: when the first line of one runs, their number is settled.
 */

/**
 * As many files as are stored at once, and four: Node's own number, so that looking up a host's name never waits for
 * slow storage. A thread of libuv's costs a hundredth of a worker to start; those that are not needed sleep.
 */
process.env['UV_THREADPOOL_SIZE'] ??= String(64 + 4);

void import('./program.js').then(({ run }) => run(process.argv));
