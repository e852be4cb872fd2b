/** A server that takes no more connections: what connects to it gets no answer at all. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

export interface DeafServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
}

/** Listens in a thread that then does nothing more, and fills what the system keeps for it. */
export async function startDeafServer(): Promise<DeafServer> {
  const worker = new Worker(new URL(import.meta.url));
  const [port] = (await once(worker, 'message')) as [number];
  const filling: Socket[] = [];
  // With a backlog of 1 Linux keeps two, and drops every SYN from then on.
  for (let i = 0; i < 2; i += 1) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    filling.push(socket);
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of filling) socket.destroy();
      await worker.terminate();
    },
  };
}

/** Sockets of this process that are being connected. */
export function connecting(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource.endsWith('ConnectWrap')).length;
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    port.postMessage((server.address() as AddressInfo).port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}
