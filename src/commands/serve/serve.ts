/** `sluice serve`: the LOCAL, DELAY and ERROR servers, until interrupted. */
import { once } from 'node:events';
import { SluiceError, UsageError } from '../../errors.js';
import type { LocalLabel } from '../../flags/sites.js';
import { PRESETS, type RunningServer, type ServerOptions, startServer } from '../../server/server.js';
import { interruptible } from '../../terminal/interrupt.js';

export interface ServeArguments {
  /** Of LOCAL, DELAY and ERROR. */
  readonly ports: string;
  /** Seconds. */
  readonly delay: number;
  readonly errorRate: number;
  readonly delayRate: number;
  readonly seed?: number;
}

/** @returns never but by a signal: rejects with the interruption */
export async function serve(args: ServeArguments): Promise<number> {
  const [local, delay, error] = parsePorts(args.ports);
  const seed = args.seed === undefined ? {} : { seed: args.seed };
  const delayMs = args.delay * 1000;
  const servers: Readonly<Record<LocalLabel, ServerOptions>> = {
    LOCAL: { ...PRESETS.LOCAL, port: local, ...seed },
    DELAY: { ...PRESETS.DELAY, port: delay, delayMs, ...seed },
    ERROR: { ...PRESETS.ERROR, port: error, delayMs, delayRate: args.delayRate, errorRate: args.errorRate, ...seed },
  };
  const running: RunningServer[] = [];
  try {
    // Until they run, a signal ends the process by itself.
    for (const [label, options] of Object.entries(servers)) {
      const server = await startServer(options);
      running.push(server);
      const chance = label === 'ERROR' ? ` (seed ${server.seed})` : '';
      process.stdout.write(`${label} site: http://localhost:${server.port}/flags${chance}\n`);
    }
    return await interruptible(async ({ signal }) => {
      if (!signal.aborted) await once(signal, 'abort');
      throw new SluiceError('ABORTED', 'interrupted', { hint: 'start it again', cause: signal.reason });
    });
  } finally {
    await Promise.all(running.map((server) => server.close()));
  }
}

function parsePorts(text: string): [number, number, number] {
  const [local, delay, error, ...more] = text
    .split(',')
    .map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : NaN));
  const ports = [local, delay, error].filter((port) => port !== undefined && port <= 65_535);
  if (ports.length < 3 || more.length > 0) {
    throw new UsageError(`--ports ${text} are no three ports`, 'give those of LOCAL, DELAY and ERROR: 8001,8002,8003');
  }
  return ports as [number, number, number];
}
