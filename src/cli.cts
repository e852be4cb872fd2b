#!/usr/bin/env node
/** The command: sets up the process and loads the program. */
import cache = require('./compile-cache.cjs');
import threads = require('./libuv-threads.cjs');
import v8 = require('node:v8');
import type * as Program from './program.js';

/** In few files: what Node reads one by one costs it some half a millisecond each. */
const PROGRAM = './bundle/program.cjs';

// Node 20 optimizes the parser of HTTP, all of it, for the first answer: that takes longer than the rest of a short run, and
// the process cannot end before. Later ones do it when so much has been parsed. Not where there is a list: many answers are
// worth it, and V8 takes none of what Node has compiled beforehand when a flag is set, for each thread anew.
const hasList = process.argv.some((argument) => /^-(?:\w*i|-input-file)/.test(argument));
if (process.versions.node.startsWith('20.') && !hasList) v8.setFlagsFromString('--wasm-tiering-budget=13000000');
cache.enableCompileCache();
threads.startThreads(() => void (require(PROGRAM) as typeof Program).run(process.argv));
