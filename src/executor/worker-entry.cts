/**
 * What piscina loads in a worker: the module whose default export runs a task. A bundle is required, which takes a third of the
 * time; an ES module is imported, since Node 20 and 22 end the whole process when a worker is terminated while it requires one.
 */
import threads = require('node:worker_threads');
import url = require('node:url');

type Entry = { readonly default: (task: unknown) => unknown };

const file = url.fileURLToPath(threads.workerData as string);

/** Piscina waits for it: a worker is ready when its module is loaded. */
export = file.endsWith('.cjs')
  ? (require(file) as Entry).default
  : import(threads.workerData as string).then((entry: Entry) => entry.default);
