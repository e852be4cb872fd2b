/**
 * A TCP server that follows a script: it sends exactly the bytes it is told to, waits, breaks off and resets. For
 * answers that no HTTP library would give.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

/** The connection is cut with a TCP reset. */
export const RESET = Symbol('reset');
/** The server's side of the connection is closed in order. */
export const END = Symbol('end');

/** What to do next: send bytes (strings are latin1), end or reset the connection, or wait for a promise. */
export type Step = string | Uint8Array | typeof RESET | typeof END | Promise<void>;

/** Steps in turn. A generator is asked for the next one when the last is done, so it may be endless. */
export type Script = Iterable<Step> | AsyncIterable<Step>;

export interface RawRequest {
  /** From 1, over all connections. */
  readonly number: number;
  /** The connection it came on, from 1. */
  readonly connection: number;
  readonly path: string;
  /** The request line and the headers as they came, without the empty line. */
  readonly head: string;
}

export interface RawServerOptions {
  /** Where it listens. Default: `127.0.0.1`. */
  readonly host?: string;
  /** What a new connection gets before it has asked for anything. Default: nothing. */
  readonly onConnection?: (connection: number) => Script;
  /** The answer to a request. A connection stays open after its script, unless that ended it. */
  readonly onRequest?: (request: RawRequest) => Script;
  /** Told of each connection that is closed, by whomever. */
  readonly onClose?: (connection: number) => void;
}

export interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** `http://HOST:PORT` */
  readonly origin: string;
  /** All requests so far. */
  readonly requests: readonly RawRequest[];
  /** How many connections were accepted so far. */
  readonly connections: number;
  /** Of these, how many are open. */
  readonly open: number;
  /** Cuts what is open. */
  close(): Promise<void>;
}

/** Listens on a free port, of the loopback interface by itself. */
export async function startRawServer(options: RawServerOptions): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections += 1;
    const connection = connections;
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      options.onClose?.(connection);
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    let received = '';
    // One script after the other, as pipelined requests would need.
    let following = follow(options.onConnection?.(connection) ?? [], socket);
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4);
        const request = { number: requests.length + 1, connection, path: head.split(' ')[1] ?? '', head };
        requests.push(request);
        following = following.then(() => follow(options.onRequest?.(request) ?? [], socket));
      }
    });
  });
  const { host = '127.0.0.1' } = options;
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
  return {
    port,
    origin: `http://${host}:${port}`,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function follow(script: Script, socket: Socket): Promise<void> {
  for await (const step of script) {
    if (socket.destroyed) return;
    if (step === RESET) socket.resetAndDestroy();
    else if (step === END) socket.end();
    else if (step !== undefined) await send(step, socket);
  }
}

/** Ends when the socket wants more, or never will. */
async function send(bytes: string | Uint8Array, socket: Socket): Promise<void> {
  const wantsMore = typeof bytes === 'string' ? socket.write(bytes, 'latin1') : socket.write(bytes);
  if (wantsMore) return;
  const over = new AbortController();
  const drained = once(socket, 'drain', { signal: over.signal }).catch(() => undefined);
  const closed = once(socket, 'close', { signal: over.signal }).catch(() => undefined);
  await Promise.race([drained, closed]);
  over.abort();
}

/**
 * A step: nothing for so many milliseconds. Made anew for each use, since it begins to wait when it is made. A client in
 * this process has read what has come by then, also where nobody came to do anything meanwhile: a reset takes back what was
 * not read.
 */
export async function pause(milliseconds: number): Promise<void> {
  await sleep(milliseconds);
  for (let turns = 0; turns < 3; turns += 1) await setImmediate();
}

/** A whole answer with a length and, unless `headers` say otherwise, a connection that stays open. */
export function answer(body: string | Uint8Array, headers = '', status = '200 OK'): Uint8Array {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: ${bytes.length}\r\n${headers}\r\n`), bytes]);
}
