/**
 * The end of the process. `process.exit` waits for every thread, and one that the storage or a name server holds up in a
 * system call does not come back: then the kernel has to end the process.
 */
import { writeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';

/** 128 and the number of the signal, as shells report it. */
export const STATUSES = { SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof STATUSES;

/** Whether a command ends with this status because a signal asked for it. */
export function isInterruption(status: number): boolean {
  return Object.values<number>(STATUSES).includes(status);
}

/**
 * Looks in which threads are to be found at their end. On a machine that has no time for them that takes long, and who takes
 * them for ones that hang may lose the status: only who interrupts asks to be quick, and names of hosts are worth no wait.
 */
const LOOKS = { quick: 50, patient: 500 };
/** Milliseconds between two. */
const INTERVAL = 10;
const SHOW_CURSOR = '\u001b[?25h';

/** Ends the process at once, so that whoever started it sees that the signal did. */
export function leaveBy(signal: StopSignal | 'SIGKILL'): void {
  // First: whatever blocks below, the next signal ends it.
  if (signal !== 'SIGKILL') process.removeAllListeners(signal);
  try {
    if (process.stderr.isTTY) writeSync(2, SHOW_CURSOR);
  } catch {
    // The terminal is gone.
  }
  process.kill(process.pid, signal);
  // The first process of a container is not ended by its own signals.
  process.exit(signal === 'SIGKILL' ? 1 : STATUSES[signal]);
}

/** Knows the threads of the process, and ends it. */
export class Ending {
  readonly #threads = new Set<Worker>();

  constructor() {
    process.on('worker', (worker) => {
      this.#threads.add(worker);
      worker.once('exit', () => this.#threads.delete(worker));
    });
  }

  /** Ends the process with a status; a list on standard input that stalls would keep it alive. */
  async end(status: number): Promise<void> {
    if (await this.#threadsEnd(isInterruption(status) ? LOOKS.quick : LOOKS.patient)) process.exit(status);
    for (const signal of Object.keys(STATUSES) as StopSignal[]) if (STATUSES[signal] === status) leaveBy(signal);
    // Another program in the place of this one, which takes all its threads: of Node 22.15 and later.
    const { execve } = process as { execve?: (file: string, args: readonly string[]) => void };
    if (process.platform !== 'win32') execve?.('/bin/sh', ['sh', '-c', `exit ${status}`]);
    // The system waits for a name server some seconds at the most: worth a status that tells the truth.
    if (this.#threads.size === 0 && !isWaitingFor(FILES)) process.exit(status);
    leaveBy('SIGKILL');
  }

  /** @returns false when one does not */
  async #threadsEnd(most: number): Promise<boolean> {
    for (const worker of this.#threads) void worker.terminate();
    for (let looks = 0; ; looks += 1) {
      const hasThreads = this.#threads.size > 0 || isWaitingFor(FILES);
      if (!hasThreads && !isWaitingFor(NAMES)) return true;
      if (looks >= (hasThreads ? most : LOOKS.quick)) return false;
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
  }
}

/** What libuv's threads do that cannot be taken back. */
const FILES = /^FSReq/;
const NAMES = /^Get(?:Addr|Name)InfoReq/;

function isWaitingFor(requests: RegExp): boolean {
  return process.getActiveResourcesInfo().some((name) => requests.test(name));
}
