/** A server of NATS for a test, in a folder of its own on a free port, and what may happen to it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort, missing } from './programs.js';
import { scratch } from './scratch.js';

const PROGRAM = 'nats-server';
/** Why tests skip; false if they need not. */
export const noNats = missing(PROGRAM);

interface Test {
  after(fn: () => void | Promise<void>): void;
}

export class NatsServer {
  readonly port: number;
  readonly folder: string;
  readonly #address: string;
  #child: ChildProcess | undefined;
  #told = '';

  private constructor(address: string, port: number, folder: string) {
    this.#address = address;
    this.port = port;
    this.folder = folder;
  }

  /**
   * @param config lines of its configuration besides those of port and store
   * @param address of this machine, on which it listens
   */
  static async start(t: Test, config = '', hasJetStream = true, address = '127.0.0.1'): Promise<NatsServer> {
    const folder = scratch(t);
    const server = new NatsServer(address, await freePort(), folder);
    const store = join(folder, 'store');
    mkdirSync(store);
    const jetStream = hasJetStream ? `jetstream { store_dir: "${store}" }` : '';
    const lines = [`listen: ${server.host}`, jetStream, config];
    writeFileSync(join(folder, 'nats.conf'), lines.join('\n'));
    await server.run();
    t.after(() => server.kill());
    return server;
  }

  get host(): string {
    return `${this.#address}:${this.port}`;
  }

  get url(): string {
    return `nats://${this.host}`;
  }

  async run(): Promise<void> {
    const child = spawn(PROGRAM, ['-c', join(this.folder, 'nats.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (this.#told += String(text)));
    for (let tries = 0; !this.#told.includes('Server is ready'); tries += 1) {
      assert.equal(child.exitCode, null, `nats-server ended: ${this.#told}`);
      assert.ok(tries < 2_400, `nats-server is not ready: ${this.#told}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#told = '';
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  }

  /** All that it has stored. */
  wipe(): void {
    const store = join(this.folder, 'store');
    rmSync(store, { recursive: true });
    mkdirSync(store);
  }
}

/** Three servers of one cluster, which do not start with the first of them: JetStream waits for two. */
export async function startCluster(t: Test): Promise<readonly NatsServer[]> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  return Promise.all(
    ports.map((port, at) =>
      NatsServer.start(
        t,
        `server_name: n${at}\ncluster { name: fleet, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      ),
    ),
  );
}

/** Passes on what comes, and can be cut: what is under way breaks off, and nobody gets through. */
export class Line {
  readonly port: number;
  readonly #sockets: Set<Socket>;
  #isCut = false;

  private constructor(port: number, sockets: Set<Socket>) {
    this.port = port;
    this.#sockets = sockets;
  }

  static async to(t: Test, port: number): Promise<Line> {
    const sockets = new Set<Socket>();
    const keep = (socket: Socket): void => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    };
    const server = createServer((near) => {
      keep(near);
      if (line.#isCut) {
        near.destroy();
        return;
      }
      const far = connect(port, '127.0.0.1');
      keep(far);
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const line = new Line((server.address() as AddressInfo).port, sockets);
    t.after(() => {
      line.cut();
      server.close();
    });
    return line;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Passes on nothing any more, and tells nobody. */
  hold(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  mend(): void {
    this.#isCut = false;
  }
}
