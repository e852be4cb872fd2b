/**
 * A server in a thread of its own that counts: on every address of 127.0.0.0/8, so that it is as many servers as one wants.
 * What it answers is set by {@link Answers}; what it found is asked for.
 */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { watchLoop } from './lateness.js';

export interface Answers {
  /** Bytes of each body. */
  readonly size?: number;
  /** Milliseconds until it answers. */
  readonly latency?: number;
  /** Requests a second from which on it answers 429. */
  readonly most?: number;
  /** Requests at once from which on it takes longer, by the square of how many more there are. */
  readonly slowAbove?: number;
  /** How often each path is redirected to another one of the same server. */
  readonly redirects?: number;
  /** Share of the requests that fail with 500 the first time. */
  readonly failsFirst?: boolean;
}

/** Of all addresses together. */
export interface Counts {
  /** Milliseconds from the first request to the last. */
  readonly elapsed: number;
  readonly requests: number;
  /** Requests in each tenth of a second, from the first one on. */
  readonly tenths: readonly number[];
  /** The same of bytes that went to sockets, headers included. */
  readonly bytes: readonly number[];
  /** The same of answers 429. */
  readonly refused: readonly number[];
  /** The most requests that were under way at once. */
  readonly atOnce: number;
  /** Requests of each address. */
  readonly hosts: Readonly<Record<string, number>>;
  /** Milliseconds between two requests to one address. */
  readonly gaps: readonly number[];
  /** Milliseconds by which it came too late to what there was to do, at the most: requests that came meanwhile count as one. */
  readonly late: number;
}

export interface CountingServer {
  readonly port: number;
  counts(): Promise<Counts>;
}

export async function startCountingServer(
  t: { after(fn: () => Promise<unknown>): void },
  answers: Answers = {},
): Promise<CountingServer> {
  const worker = new Worker(new URL(import.meta.url), { workerData: answers });
  t.after(() => worker.terminate());
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const port = await next<number>();
  return {
    port,
    counts: () => {
      const counts = next<Counts>();
      worker.postMessage('counts');
      return counts;
    },
  };
}

/** The n-th address of the loopback network. */
export function addressOf(n: number): string {
  return `127.${1 + (n >> 14)}.${(n >> 7) & 127}.${1 + (n & 127)}`;
}

function serve({ size = 100, latency = 0, most = Infinity, slowAbove = Infinity, redirects = 0, failsFirst }: Answers) {
  const body = Buffer.alloc(size, 'x');
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;
  const counts = { requests: 0, elapsed: 0, atOnce: 0, hosts: {} as Record<string, number> };
  const [tenths, bytes, refused, gaps] = [[], [], [], []] as [number[], number[], number[], number[]];
  const last = new Map<string, number>();
  const seen = new Set<string>();
  let first: number | undefined;
  let running = 0;
  let [second, inSecond] = [0, 0];

  const tenth = (): number => Math.floor((performance.now() - (first ?? performance.now())) / 100);
  const note = (list: number[], count: number): void => {
    const at = tenth();
    while (list.length <= at) list.push(0);
    list[at] = (list[at] as number) + count;
  };

  function onRequest(socket: Socket, path: string): void {
    const now = performance.now();
    first ??= now;
    counts.requests += 1;
    counts.elapsed = now - first;
    const host = socket.localAddress as string;
    counts.hosts[host] = (counts.hosts[host] ?? 0) + 1;
    const before = last.get(host);
    if (before !== undefined && gaps.length < 1e6) gaps.push(now - before);
    last.set(host, now);
    note(tenths, 1);
    if (Math.floor(now / 1000) !== second) [second, inSecond] = [Math.floor(now / 1000), 0];
    inSecond += 1;
    if (inSecond > most) {
      note(refused, 1);
      socket.write('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    running += 1;
    counts.atOnce = Math.max(counts.atOnce, running);
    const slower = running > slowAbove ? (running / slowAbove) ** 2 : 1;
    const reply = (): void => {
      running -= 1;
      answer(socket, host, path);
    };
    if (latency === 0) reply();
    else setTimeout(reply, latency * slower);
  }

  function answer(socket: Socket, host: string, path: string): void {
    const [, name = '', hops = '0'] = path.split('/');
    if (Number(hops) < redirects) {
      socket.write(`HTTP/1.1 302 Found\r\nLocation: /${name}/${Number(hops) + 1}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    if (failsFirst === true && !seen.has(host + path)) {
      seen.add(host + path);
      socket.write('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    note(bytes, head.length);
    socket.write(head);
    send(socket, 0);
  }

  /** Piece by piece, each counted when the system has taken it. */
  function send(socket: Socket, from: number): void {
    if (from >= size || socket.destroyed) return;
    const piece = body.subarray(from, from + (16 << 10));
    socket.write(piece, () => {
      note(bytes, piece.length);
      send(socket, from + piece.length);
    });
  }

  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const path = received.split(' ', 2)[1] ?? '';
        received = received.slice(end + 4);
        onRequest(socket, path);
      }
    });
  });
  const lateness = watchLoop();
  parentPort?.on('message', () =>
    parentPort?.postMessage({ ...counts, tenths, bytes, refused, gaps, late: lateness() }),
  );
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () =>
    parentPort?.postMessage((server.address() as AddressInfo).port),
  );
}

if (!isMainThread) serve(workerData as Answers);
