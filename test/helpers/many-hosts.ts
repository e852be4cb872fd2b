/**
 * A server with as many names as the loopback network has addresses: by that at which it is asked, it answers, says nothing,
 * or cuts the connection. It has a process of its own.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort } from './programs.js';

export interface ManyHostsOptions {
  readonly hosts: number;
  /** Milliseconds until an answer. */
  readonly delay: number;
}

export interface ManyHosts extends AsyncDisposable {
  /** Those that answer. */
  readonly sound: readonly string[];
  /** All: of a hundred, one hangs, one refuses connections, and one resets them. */
  readonly all: readonly string[];
}

const PROGRAM = fileURLToPath(import.meta.url);
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`;

type Kind = 'sound' | 'hangs' | 'refuses' | 'resets';

function kindOf(number: number): Kind {
  const place = number % 100;
  return place === 13 ? 'hangs' : place === 47 ? 'refuses' : place === 77 ? 'resets' : 'sound';
}

function addressOf(number: number): string {
  return `127.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

export async function startManyHosts({ hosts, delay }: ManyHostsOptions): Promise<ManyHosts> {
  const child = fork(PROGRAM, [String(delay)]);
  const [port] = (await once(child, 'message')) as [number];
  // Nobody listens there: it was given to somebody just now.
  const free = await freePort();
  const numbers = Array.from({ length: hosts }, (_, number) => number);
  const urlOf = (number: number): string =>
    `http://${addressOf(number)}:${kindOf(number) === 'refuses' ? free : port}/${number}`;
  return {
    sound: numbers.filter((number) => kindOf(number) === 'sound').map(urlOf),
    all: numbers.map(urlOf),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** What one of the server's connections does. */
function serve(socket: Socket, delay: number): void {
  socket.on('error', () => socket.destroy());
  const [, high = 0, middle = 0, low = 0] = (socket.localAddress ?? '').replace('::ffff:', '').split('.').map(Number);
  const kind = kindOf(((high - 1) << 16) | (middle << 8) | low);
  if (kind === 'hangs') return;
  socket.on('data', () => {
    if (kind === 'resets') {
      socket.resetAndDestroy();
      return;
    }
    setTimeout(() => socket.write(ANSWER), delay);
  });
}

if (process.argv[1] === PROGRAM) {
  const delay = Number(process.argv[2]);
  const server = createServer({ noDelay: true }, (socket) => serve(socket, delay));
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => {
    process.send?.((server.address() as AddressInfo).port);
  });
}
