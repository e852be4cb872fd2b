/**
 * Loaded into the process of a run (`NODE_OPTIONS=--require`), to see it with other eyes: a thread that does nothing else
 * sends the time every two milliseconds, whether it is read or not, and what arrives when is written down at the end.
 * CommonJS, as what sets up libuv's threads is: it must not be preceded by an ES module.
 */
import fs = require('node:fs');
import threads = require('node:worker_threads');
import probe = require('./probe-thread.cjs');

/** What it writes. Moments are milliseconds since 1970. */
export interface Probed {
  /** When the process was told what to run, and when it told what that took. */
  readonly began: number;
  readonly ended: number;
  /** When each message was sent, and how many milliseconds later it was read. */
  readonly messages: readonly (readonly [sent: number, delay: number])[];
  /** Seconds on a processor of the main thread at the very end, in hundredths; null where nobody tells. */
  readonly cpuMain: number | null;
}

const { SLUICE_PROBE: file } = process.env;
/** Not in its threads, and not in what starts it, such as GNU time. */
if (threads.isMainThread && file !== undefined && process.send !== undefined) watch(file, process.send.bind(process));

function watch(path: string, send: NonNullable<typeof process.send>): void {
  const clock = (): number => performance.timeOrigin + performance.now();
  const messages: [number, number][] = [];
  const thread = new threads.Worker(probe.PROBE_THREAD, { eval: true, env: {}, execArgv: [] });
  thread.on('message', (sent: number) => messages.push([sent, clock() - sent]));
  thread.unref();
  let began = NaN;
  let ended = NaN;
  // What it is told waits for the first listener, which must not be this one.
  const follow = (event: string | symbol): void => {
    if (event !== 'message') return;
    process.off('newListener', follow);
    process.once('message', () => (began = clock()));
  };
  process.on('newListener', follow);
  process.send = ((...args: Parameters<typeof send>) => {
    ended = clock();
    return send(...args);
  }) as typeof send;
  process.on('exit', () => {
    const probed: Probed = { began, ended, messages, cpuMain: cpuOfMain() };
    fs.writeFileSync(path, JSON.stringify(probed));
  });
}

/** proc(5): fields 14 and 15 of `stat`, after the name in parentheses, in hundredths of a second. */
function cpuOfMain(): number | null {
  try {
    const stat = fs.readFileSync(`/proc/self/task/${process.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return null;
  }
}
