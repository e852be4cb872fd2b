/** Worker threads that start when they have work and end when they have none. The one importer of piscina. */
import type { Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';

/** Milliseconds after which a worker without work ends. */
const IDLE_TIMEOUT = 5_000;
/** Tasks for each worker: one that it works on, and one that it finds when it is done. */
const TASKS_PER_WORKER = 2;

/**
 * Node's options for a worker. It inherits those of the process by itself, but `--input-type`, with which it would not
 * load a file. They cannot be passed on without it: a worker refuses those that are the whole process's.
 */
const INHERITED = process.execArgv.some((option) => option.startsWith('--input-type')) ? { execArgv: [] } : {};

export class Workers {
  readonly #pool: Piscina;
  readonly #most: number;
  #starting = false;

  /**
   * @param entry the compiled module whose default export runs a task
   * @param most threads
   * @param onReady called when one more worker is there
   */
  constructor(entry: URL, most: number, onReady: () => void) {
    this.#most = most;
    this.#pool = new Piscina({
      filename: entry.href,
      ...INHERITED,
      minThreads: 0,
      maxThreads: most,
      // Asynchronous tasks, such as large bodies, share a worker with each other and with what is synchronous.
      concurrentTasksPerWorker: 1024,
      // By itself piscina would start a second worker only when the first has 1,024 tasks.
      loadBalancer: (_task, candidates) => {
        let best: (typeof candidates)[number] | undefined;
        for (const candidate of candidates) {
          if (best === undefined || candidate.currentUsage < best.currentUsage) best = candidate;
        }
        if (best !== undefined && (best.currentUsage === 0 || !this.#mayStart())) return best;
        this.#starting = true;
        return null;
      },
      // Waiting on shared memory would keep asynchronous tasks from going on.
      atomics: 'disabled',
      idleTimeout: IDLE_TIMEOUT,
      recordTiming: false,
    });
    this.#pool.on('workerCreate', () => {
      this.#starting = false;
      onReady();
    });
    this.#pool.on('workerDestroy', () => {
      this.#starting = false;
    });
    // A worker that fails while it starts, or between two tasks: piscina has no task to reject, and tells it here. Where
    // no other worker is left, what waits for one is rejected; the next task starts a new one.
    this.#pool.on('error', () => {
      if (this.#pool.threads.length === 0) void this.#pool.destroy();
    });
  }

  /**
   * How many tasks should be under way. A task more than the workers can take starts another worker, one at a time: a
   * worker costs some 40 ms of CPU to start, which many at once would take from the thread that downloads.
   */
  get capacity(): number {
    const ready = this.#pool.threads.length - (this.#starting ? 1 : 0);
    return ready * TASKS_PER_WORKER + (this.#mayStart() ? 1 : 0);
  }

  /** Rejects when the worker throws or dies; an answer comes as plain data. */
  run<Answer>(task: unknown, transfer: readonly Transferable[] = []): Promise<Answer> {
    return this.#pool.run(task, { transferList: [...transfer] }) as Promise<Answer>;
  }

  /** Ends the threads, what they do included. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Workers are started one after the other, as long as there are fewer than there may be. */
  #mayStart(): boolean {
    return !this.#starting && this.#pool.threads.length < this.#most;
  }
}
