/** Worker threads that start when they have work and end when they have none. The one importer of piscina. */
import type { Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';

/** Milliseconds after which a worker without work ends. */
const IDLE_TIMEOUT = 5_000;

export class Workers {
  readonly #pool: Piscina;

  /**
   * @param entry the compiled module whose default export runs a task
   * @param count threads at the most
   */
  constructor(entry: URL, count: number) {
    this.#pool = new Piscina({
      filename: entry.href,
      minThreads: 0,
      maxThreads: count,
      // Asynchronous tasks, such as large bodies, share a worker with each other and with what is synchronous.
      concurrentTasksPerWorker: 1024,
      // By itself piscina would start a second worker only when the first has 1,024 tasks.
      loadBalancer: (_task, candidates) => {
        let best: (typeof candidates)[number] | undefined;
        for (const candidate of candidates) {
          if (best === undefined || candidate.currentUsage < best.currentUsage) best = candidate;
        }
        if (best === undefined || (best.currentUsage > 0 && this.#pool.threads.length < count)) return null;
        return best;
      },
      // Waiting on shared memory would keep asynchronous tasks from going on.
      atomics: 'disabled',
      idleTimeout: IDLE_TIMEOUT,
      recordTiming: false,
    });
  }

  /** Rejects when the worker throws or dies; an answer comes as plain data. */
  run<Answer>(task: unknown, transfer: readonly Transferable[] = []): Promise<Answer> {
    return this.#pool.run(task, { transferList: [...transfer] }) as Promise<Answer>;
  }

  /** Ends the threads, what they do included. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}
