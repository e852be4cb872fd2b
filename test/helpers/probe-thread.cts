/** The source of a thread that does nothing but send the time every two milliseconds, whether it is read or not. */
const PROBE_THREAD = `
const { parentPort } = require('node:worker_threads');
const pause = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  parentPort.postMessage(performance.timeOrigin + performance.now());
  Atomics.wait(pause, 0, 0, 2);
}`;

export = { PROBE_THREAD };
