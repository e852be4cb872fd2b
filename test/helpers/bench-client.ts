/** Servers of `sluice bench`, and a client that takes their answers as they come. */
import { Agent, get } from 'node:http';
import type { TestContext } from 'node:test';
import type { ServerSettings } from '../../src/bench/report.js';
import { benchItem, type BenchServer, startBenchServer } from '../../src/bench/server.js';

export const SETTINGS: ServerSettings = {
  bodies: { kind: 'fixed', size: 4000 },
  encoding: 'identity',
  latency: 0,
  errorRate: 0,
  bandwidth: 0,
  seed: 1,
};

export async function serve(t: TestContext, settings: Partial<ServerSettings> = {}): Promise<BenchServer> {
  const server = await startBenchServer({ ...SETTINGS, ...settings });
  t.after(async () => server.stop().catch(() => undefined));
  return server;
}

export function agentOf(t: TestContext, maxSockets: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets });
  t.after(() => agent.destroy());
  return agent;
}

interface Got {
  /** 0 for a connection that was reset. */
  readonly status: number;
  readonly body: Buffer;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** As it comes, without any decoding. */
async function ask(url: string, agent: Agent): Promise<Got> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? -1, body: Buffer.concat(chunks), headers: response.headers });
      });
    }).on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') resolve({ status: 0, body: Buffer.alloc(0), headers: {} });
      else reject(error);
    });
  });
}

/** The answers to items, in order, over so many connections. */
export async function download(
  { base }: BenchServer,
  settings: Partial<ServerSettings>,
  count: number,
  agent: Agent,
): Promise<Got[]> {
  const items = Array.from({ length: count }, (_, index) => benchItem(base, { ...SETTINGS, ...settings }, index));
  return Promise.all(items.map(({ url }) => ask(String(url), agent)));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
