/**
 * What piscina loads in a worker: it imports the module whose default export runs a task. Piscina would load that module
 * by `require`, and Node 20 and 22 end the whole process when a worker is terminated while it requires an ES module.
 */
import threads = require('node:worker_threads');

type Entry = { readonly default: (task: unknown) => unknown };

/** Piscina waits for it: a worker is ready when its module is loaded. */
export = import(threads.workerData as string).then((entry: Entry) => entry.default);
