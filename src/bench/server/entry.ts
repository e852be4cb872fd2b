/** The process of `startBenchServer`. Its argument: the settings, as JSON. */
import { type AddressInfo, createServer } from 'node:net';
import { type PlainError, toPlain } from '../../errors.js';
import { choices } from '../../server/choices.js';
import { BACKLOG } from '../../server/listen.js';
import { type Body, makeBodies } from '../bodies.js';
import type { ServerSettings } from '../report.js';
import { Connection, type Site } from './connection.js';
import { Delay } from './delay.js';
import { Pace } from './pace.js';
import type { ServerAccount } from '../server.js';

/** What the process says first; afterwards one account for each message. */
export type FirstWord = { readonly port: number } | { readonly error: PlainError };

/** Failures are not to be drawn from the numbers that made the contents. */
const FAILURES = 0x5eed;

async function serve(settings: ServerSettings): Promise<number> {
  const bodyOf = await makeBodies(settings);
  const nextChoice = choices({ delayRate: 0, errorRate: settings.errorRate }, (settings.seed ^ FAILURES) >>> 0);
  let count = { requests: 0, answered: 0, failed: 0, bytes: 0 };

  const delay = new Delay<Connection>(settings.latency, (connection) => {
    const { fate } = nextChoice();
    if (fate !== 'answer') {
      count.failed += 1;
      if (fate === 'reset') connection.reset();
      else connection.refuse(503);
      return;
    }
    const body = bodyOf(connection.path);
    if (body === undefined) connection.refuse(404);
    else connection.answer(body);
  });
  const pace = settings.bandwidth === 0 ? undefined : new Pace(settings.bandwidth);
  const site: Site = {
    pace,
    onRequest(connection) {
      count.requests += 1;
      delay.add(connection);
    },
    onSent({ size }: Body) {
      count.answered += 1;
      count.bytes += size;
    },
    onClose(connection) {
      delay.remove(connection);
      pace?.leave(connection);
    },
  };

  let since = { at: performance.now(), cpu: process.cpuUsage(), loop: performance.eventLoopUtilization() };
  process.on('message', () => {
    const [at, cpu] = [performance.now(), process.cpuUsage(since.cpu)];
    const account: ServerAccount = {
      ...count,
      elapsed: (at - since.at) / 1000,
      cpu: (cpu.user + cpu.system) / 1e6,
      busy: performance.eventLoopUtilization(since.loop).utilization,
    };
    process.send?.(account);
    count = { requests: 0, answered: 0, failed: 0, bytes: 0 };
    since = { at, cpu: process.cpuUsage(), loop: performance.eventLoopUtilization() };
  });

  const server = createServer({ noDelay: true }, (socket) => new Connection(socket, site));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

// Signals that a terminal sends to all are its parent's, which ends it when its downloads are done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', () => process.exit());

let word: FirstWord;
try {
  word = { port: await serve(JSON.parse(process.argv[2] ?? '') as ServerSettings) };
} catch (error) {
  word = { error: toPlain(error, { code: 'INTERNAL', hint: 'this is a fault of sluice: report it' }) };
}
process.send?.(word);
