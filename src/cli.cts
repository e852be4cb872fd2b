#!/usr/bin/env node
/** The command: sets up libuv's threads and loads the program. */
import threads = require('./libuv-threads.cjs');

threads.startThreads(() => void import('./program.js').then(({ run }) => run(process.argv)));
