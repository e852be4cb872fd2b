/** What a process of {@link runInProcess} does: one download, measured from within. */
import { Download } from '../pipeline/download.js';
import { toPlain } from '../errors.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { MAX_WORKERS, mostRequests } from '../options/limits.js';
import type { Operation } from '../protocol/times.js';
import { now } from '../../workers/clock.js';
import { LoopDelay } from './loop-delay.js';
import { peakMemory } from './peak-memory.js';
import { Recorder } from './recorder.js';
import { requestsOf, type RunResult, type RunSpec } from './run.js';
import { type Contender, resolveStrategy } from './strategies.js';

/** Downloads what the parent asks for, tells it what that took, and ends. */
export function serve(): void {
  // A Ctrl-C reaches this process too: what becomes of it is for the parent to say, which may also be gone.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  process.once('disconnect', die);
  process.once('message', (spec: RunSpec) => {
    const answer = perform(spec).then(
      (result) => ({ result }),
      (error: unknown) => ({
        error: toPlain(error, { code: 'INTERNAL', message: String(error), hint: 'please report it' }),
      }),
    );
    void answer.then((message) =>
      process.send?.(message, () => {
        process.off('disconnect', die);
        process.exit();
      }),
    );
  });
}

async function perform(spec: RunSpec): Promise<RunResult> {
  const recorder = new Recorder();
  const loop = new LoopDelay();
  const options = resolveStrategy(spec.strategy, spec.options);
  const download = new Download([{ kind: 'urls', urls: requestsOf(spec.items), label: 'bench' }], options, recorder);
  const failures = new Map<string, number>();
  for await (const outcome of download) {
    if (outcome.status === 'ok' || outcome.status === 'skipped') continue;
    const { code } = outcome.error;
    failures.set(code, (failures.get(code) ?? 0) + 1);
  }
  loop.stop();
  const { operations, summary } = download;
  const { ok, bytes, elapsed, verdict } = summary;
  const { user, system } = process.cpuUsage();
  const main = now().run;
  return {
    stored: ok,
    failures: Object.fromEntries(failures),
    bytes,
    elapsed,
    starting: startingOf(spec.strategy, options, recorder) ?? elapsed,
    cpuMain: main === 0 ? null : main / 1000,
    cpuAll: (user + system) / 1e6,
    peakMemory: peakMemory(),
    loopDelay: { p50: loop.quantile(0.5), p99: loop.quantile(0.99), max: loop.max },
    storeDelay: recorder.storeDelay ?? null,
    storage: operations === undefined || ok === 0 ? null : perFile(operations, ok),
    verdict: verdict === undefined ? null : { bound: verdict.bound, share: verdict.share, detail: verdict.detail },
    timeline: recorder.timeline(1000 * elapsed, loop),
  };
}

/** Seconds until each thread can have stored a file; undefined where nothing was stored after that. */
function startingOf(strategy: Contender, options: ResolvedOptions, recorder: Recorder): number | undefined {
  const started = strategy === 'threads' ? Math.min(mostRequests(options), MAX_WORKERS) : 1;
  const milliseconds = recorder.timeTo(started);
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function perFile(sum: Readonly<Record<Operation, number>>, files: number): RunResult['storage'] {
  return { create: sum.create / files, write: sum.write / files, rename: sum.rename / files };
}
