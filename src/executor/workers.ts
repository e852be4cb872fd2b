/** Worker threads that start when they have work and end when they have none. The one importer of piscina. */
import type { Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';

/** Milliseconds after which a worker without work ends. */
const IDLE_TIMEOUT = 5_000;
/** Tasks for each worker: one that it works on, and one that it finds when it is done. */
const TASKS_PER_WORKER = 2;

export class Workers {
  readonly #pool: Piscina;
  readonly #most: number;
  #ready = 0;

  /**
   * @param entry the compiled module whose default export runs a task
   * @param most threads
   * @param onReady called when one more worker is there
   */
  constructor(entry: URL, most: number, onReady: () => void) {
    this.#most = most;
    this.#pool = new Piscina({
      filename: entry.href,
      // A worker would inherit what only a main program can be started with, such as --input-type.
      execArgv: process.execArgv.filter((option) => !option.startsWith('--input-type')),
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
        return best === undefined || (best.currentUsage > 0 && this.#mayStart()) ? null : best;
      },
      // Waiting on shared memory would keep asynchronous tasks from going on.
      atomics: 'disabled',
      idleTimeout: IDLE_TIMEOUT,
      recordTiming: false,
    });
    this.#pool.on('workerCreate', () => {
      this.#ready += 1;
      onReady();
    });
    this.#pool.on('workerDestroy', () => {
      this.#ready -= 1;
    });
  }

  /**
   * How many tasks should be under way. A task more than the workers can take starts another worker, one at a time: a
   * worker costs some 40 ms of CPU to start, which many at once would take from the thread that downloads.
   */
  get capacity(): number {
    return this.#ready * TASKS_PER_WORKER + (this.#mayStart() ? 1 : 0);
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
    const started = this.#pool.threads.length;
    return started < this.#most && started === this.#ready;
  }
}
