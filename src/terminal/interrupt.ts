/** Signals that end a command: the first asks for an orderly end, a second one does not wait for it. */
import type { Summary } from '../outcome.js';
import { formatBytes } from '../shared/format.js';
import { leaveBy, STATUSES, type StopSignal } from './exit.js';

/**
 * Milliseconds after SIGTERM when nothing more is stored, and when the process ends, whatever it does: Docker and others
 * kill it after ten seconds.
 */
const STORE_DEADLINE = 6_000;
const END_DEADLINE = 8_000;
/** Milliseconds in which a second signal is the first one again: npm passes on what the terminal has sent to all. */
const ECHO = 100;

/** The reason of the abort that a signal causes. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly status: number;

  constructor(signal: StopSignal) {
    super(`interrupted by ${signal}`);
    this.status = STATUSES[signal];
  }
}

export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Aborted when no time is left to store what is fetched. */
  readonly overdue: AbortSignal;
}

/** Runs `work` with what SIGINT and SIGTERM abort. */
export async function interruptible<T>(work: (interruption: Interruption) => Promise<T>): Promise<T> {
  const first = new AbortController();
  const overdue = new AbortController();
  let came = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    const signal = name as StopSignal;
    if (first.signal.aborted) {
      if (performance.now() - came > ECHO) leaveBy(signal);
      return;
    }
    came = performance.now();
    if (signal === 'SIGTERM') {
      setTimeout(() => overdue.abort(), STORE_DEADLINE).unref();
      setTimeout(() => leaveBy(signal), END_DEADLINE).unref();
    }
    first.abort(new Interrupted(signal));
  };
  const names = Object.keys(STATUSES) as StopSignal[];
  for (const name of names) process.on(name, onSignal);
  try {
    return await work({ signal: first.signal, overdue: overdue.signal });
  } finally {
    for (const name of names) process.off(name, onSignal);
  }
}

/** A run that stores what it has fetched after it was interrupted. */
interface Draining {
  readonly summary: Pick<Summary, 'waiting'>;
  leave(): void;
}

/** Tells what an interrupted run still stores, and ends that when there is no more time. */
export function drain(run: Draining, { signal, overdue }: Interruption, print: (line: string) => void): void {
  const tell = (): void => {
    const { waiting } = run.summary;
    if (waiting > 0) print(`Storing ${formatBytes(waiting)} that are fetched; Ctrl-C again leaves at once.`);
    else print('Nothing more is requested; Ctrl-C again leaves at once.');
  };
  // When the run has heard of it, too.
  signal.addEventListener('abort', () => queueMicrotask(tell));
  overdue.addEventListener('abort', () => run.leave());
}
