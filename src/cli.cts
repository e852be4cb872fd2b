#!/usr/bin/env node
/** The command: sets up libuv's threads and loads the program. */
import threads = require('./libuv-threads.cjs');
import type * as Program from './program.js';

/** In few files: what Node reads one by one costs it some half a millisecond each. */
const PROGRAM = './bundle/program.cjs';

threads.startThreads(() => void (require(PROGRAM) as typeof Program).run(process.argv));
