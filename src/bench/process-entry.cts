/** The process of a run, set up as the command's own is. */
import threads = require('../libuv-threads.cjs');

threads.startThreads(() => void import('./subject.js').then(({ serve }) => serve()));
