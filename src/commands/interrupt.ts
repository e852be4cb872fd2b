/** Signals that end a command: the first asks for an orderly end, a second one does not wait for it. */

/** 128 and the number of the signal, as shells report it. */
const STATUSES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The reason of the abort that a signal causes. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly status: number;

  constructor(signal: keyof typeof STATUSES) {
    super(`interrupted by ${signal}`);
    this.status = STATUSES[signal];
  }
}

/** Runs `work` with a signal that SIGINT and SIGTERM abort. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    const interrupted = new Interrupted(name as keyof typeof STATUSES);
    if (controller.signal.aborted) process.exit(interrupted.status);
    controller.abort(interrupted);
  };
  const names = Object.keys(STATUSES) as (keyof typeof STATUSES)[];
  for (const name of names) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of names) process.off(name, onSignal);
  }
}
