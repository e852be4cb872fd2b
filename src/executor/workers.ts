/** Worker threads that start when they have work and end when they have none. The one importer of piscina. */
import { availableParallelism } from 'node:os';
import type { Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { WRITER_LIMITS } from './executor.js';

/** Milliseconds after which a worker without work ends. */
const IDLE_TIMEOUT = 5_000;
/** Processors that threads can run on at the same time. */
export const PROCESSORS = availableParallelism();
/** Where the compiled entry of all workers lies, seen from this file's compiled place. */
const LOADER = new URL('../../src/executor/worker-entry.cjs', import.meta.url);
/** Tasks for each worker: one that it works on, and one that it finds when it is done. */
const TASKS_PER_WORKER = 2;

/**
 * Node's options for a worker. It inherits those of the process by itself, but `--input-type`, with which it would not
 * load a file. They cannot be passed on without it: a worker refuses those that are the whole process's.
 */
const INHERITED = process.execArgv.some((option) => option.startsWith('--input-type')) ? { execArgv: [] } : {};

export class Workers {
  readonly #pool: Piscina;
  #wanted: number;
  /** Threads, those that are not there yet included, when a task was last given to them: counting them takes time. */
  #threads = 1;
  /** Threads that were asked for and are not there yet. */
  #starting = 0;

  /**
   * @param entry the compiled module whose default export runs a task
   * @param most threads
   * @param wanted threads to begin with, as work comes; the first starts at once
   * @param onReady called when one more worker is there
   */
  constructor(entry: URL, most: number, wanted: number, onReady: () => void) {
    this.#wanted = wanted;
    this.#pool = new Piscina({
      filename: LOADER.href,
      workerData: entry.href,
      ...INHERITED,
      minThreads: 1,
      maxThreads: most,
      // Asynchronous tasks, such as large bodies, share a worker with each other and with what is synchronous.
      concurrentTasksPerWorker: 1024,
      // By itself piscina would start a second worker only when the first has 1,024 tasks.
      loadBalancer: (_task, candidates) => {
        let best: (typeof candidates)[number] | undefined;
        // Always the first, so that those beyond what is wanted get nothing to do, and end.
        for (const candidate of candidates.slice(0, this.#wanted)) {
          if (best === undefined || candidate.currentUsage < best.currentUsage) best = candidate;
        }
        if (best !== undefined && (best.currentUsage === 0 || this.#mayStart === 0)) return best;
        this.#starting += 1;
        this.#threads += 1;
        return null;
      },
      // Waiting on shared memory would keep asynchronous tasks from going on.
      atomics: 'disabled',
      idleTimeout: IDLE_TIMEOUT,
      recordTiming: false,
      resourceLimits: WRITER_LIMITS,
    });
    const started = (): void => {
      this.#starting = Math.max(0, this.#starting - 1);
    };
    this.#pool.on('workerCreate', () => {
      started();
      onReady();
    });
    // Where no worker is left, what waits for one is rejected; the next task starts a new one.
    const rejectIfAlone = (): void => {
      if (this.#pool.threads.length === 0 && this.#pool.queueSize > 0) void this.#pool.destroy();
    };
    this.#pool.on('workerDestroy', () => {
      // Perhaps one that was there already: then one more than intended starts at the same time.
      started();
      // One that exits while it starts piscina tells of here alone, and still counts it as there.
      queueMicrotask(rejectIfAlone);
    });
    // A worker that fails while it starts, or between two tasks: piscina has no task to reject, and tells it here.
    this.#pool.on('error', rejectIfAlone);
  }

  /**
   * How many tasks should be under way. A task more than the workers can take starts another worker.
   */
  get capacity(): number {
    return Math.min(this.ready, this.#wanted) * TASKS_PER_WORKER + this.#mayStart;
  }

  /** Threads that can take tasks. */
  get ready(): number {
    return this.#threads - this.#starting;
  }

  /** Threads that should work; others start when there are tasks for them, or end when they have had none for a while. */
  set wanted(threads: number) {
    this.#wanted = threads;
  }

  /** Rejects when the worker throws or dies; an answer comes as plain data. */
  run<Answer>(task: unknown, transfer: readonly Transferable[] = []): Promise<Answer> {
    const answer = this.#pool.run(task, { transferList: [...transfer] }) as Promise<Answer>;
    this.#threads = this.#pool.threads.length;
    return answer;
  }

  /** Ends the threads, what they do included. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Threads that may be started now: as many at once as there are processors, since a start takes one for 40 ms. */
  get #mayStart(): number {
    const missing = this.#wanted - this.#threads;
    return Math.max(0, Math.min(missing, PROCESSORS - this.#starting));
  }
}
