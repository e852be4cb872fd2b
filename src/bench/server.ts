/** The embedded server of `sluice bench`, in a process of its own: it takes nothing from the loop that downloads. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fromPlain, SluiceError } from '../errors.js';
import type { ItemRequest } from '../lists/source.js';
import { bodyName } from './bodies.js';
import type { ServerSettings } from './report.js';
import type { FirstWord } from './server/entry.js';
import { checkServerSettings } from './server/settings.js';

const ENTRY = fileURLToPath(new URL('../../src/bench/server/entry.js', import.meta.url));
/** Milliseconds in which a process that is asked to end does so, unless it is stopped or stuck. */
const GRACE = 300;

/** What the server did in a time. What was neither answered nor failed was broken off, under way, a HEAD or a 404. */
export interface ServerAccount {
  readonly requests: number;
  /** Whole bodies that were handed over. */
  readonly answered: number;
  /** As its error rate asked for. */
  readonly failed: number;
  /** Of whole bodies, as they were sent, encoded. */
  readonly bytes: number;
  /** Seconds. */
  readonly elapsed: number;
  /** Seconds on a processor of its process. */
  readonly cpu: number;
  /** Share of the time that its main thread was busy, 0 to 1. */
  readonly busy: number;
}

export interface BenchServer {
  /** Without a slash at the end. */
  readonly base: string;
  /** Of its process. */
  readonly pid: number;
  /** Aborted when its process ends before it was stopped, with what `take` throws: downloads would try for minutes. */
  readonly lost: AbortSignal;
  /**
   * What it did since this was last asked for.
   *
   * @throws SluiceError `WORKER_LOST` if its process has ended
   */
  take(): Promise<ServerAccount>;
  /** @throws SluiceError `WORKER_LOST` if its process had ended by itself */
  stop(): Promise<void>;
}

/** The item of a number: as many as are wanted, each with a name of its own. */
export function benchItem(base: string, { bodies }: Pick<ServerSettings, 'bodies'>, index: number): ItemRequest {
  const name = bodyName(bodies, index);
  return { url: `${base}/${name}`, name };
}

/**
 * Serves on a free port of 127.0.0.1 until it is stopped or this process ends, however it ends.
 *
 * @throws UsageError for settings out of bounds
 * @throws SluiceError if the process cannot be started, or the build has not made the flags
 */
export async function startBenchServer(settings: ServerSettings): Promise<BenchServer> {
  checkServerSettings(settings);
  // Node's own options are not passed on: `--input-type`, for one, would keep it from loading a file.
  const child = fork(ENTRY, [JSON.stringify(settings)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<SluiceError>((resolve) => {
    child.on('error', (cause) => resolve(lost('cannot be started', cause)));
    child.once('exit', (code, signal) => resolve(lost(`ended by ${signal ?? `status ${code}`}`)));
  });
  const waiting: ((message: unknown) => void)[] = [];
  child.on('message', (message) => waiting.shift()?.(message));

  /** Answers come in the order of the questions. */
  async function answer(): Promise<unknown> {
    const answered = new Promise((resolve) => waiting.push(resolve));
    return Promise.race([answered, ended.then((error) => Promise.reject(error))]);
  }

  let stopping: Promise<void> | undefined;
  const loss = new AbortController();
  void ended.then((error) => {
    if (stopping === undefined) loss.abort(error);
  });

  async function stop(): Promise<void> {
    if (!child.connected) throw await ended;
    child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE);
    await ended;
    clearTimeout(timer);
  }

  const first = (await answer()) as FirstWord;
  if ('error' in first) {
    await stop();
    throw fromPlain(first.error);
  }
  return {
    base: `http://127.0.0.1:${first.port}`,
    pid: child.pid ?? 0,
    lost: loss.signal,
    async take() {
      // Where the channel is gone, the process has ended, and that is what is told.
      child.send('take', () => undefined);
      return (await answer()) as ServerAccount;
    },
    stop: () => (stopping ??= stop()),
  };
}

function lost(how: string, cause?: unknown): SluiceError {
  const hint = 'what it complained of is above, if anything; where memory is short, the system ends processes';
  return new SluiceError('WORKER_LOST', `the process of the embedded server ${how}`, { hint, cause });
}
