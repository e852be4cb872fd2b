/**
 * Connections to servers. The one importer of undici, through its cheapest interface: one `Client` for each connection
 * and a handler that is called back, without the pool, the promises and the streams that lie above them.
 */
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import connector from 'undici/lib/core/connect.js';
import Client from 'undici/lib/dispatcher/client.js';
import { NegotiatedCarrier } from './http2/carrier.js';
import type { Origins } from './http2/origins.js';
import { LenientCarrier } from './lenient/carrier.js';
import { Lookups } from './lookups.js';
import { giveReads, READING } from './reading.js';
import type { ProxyServer } from '../options/proxy.js';
import { UNWANTED } from './unwanted.js';
import type { Through, Way } from './way.js';

/**
 * What undici calls while a response arrives. The raw form of its handlers: headers as they came, so that only those
 * that matter are ever decoded.
 */
export interface ResponseHandler {
  /** The request is about to be sent; again after a connection that died before it was. */
  onConnect(abort: (reason?: Error) => void): void;
  /** @returns false to pause the body; `resume` goes on, but never from inside another response's callback */
  onHeaders(status: number, headers: readonly Buffer[], resume: () => void): boolean;
  /** @returns false to pause */
  onData(chunk: Buffer): boolean;
  /** The server closed its side, and all that it sent has been passed on: a paused body has to be resumed at once. */
  onEnd(): void;
  /** The answer breaks a rule of HTTP, and is read all the same. Only on a lenient connection; at most once for each answer. */
  onBent(): void;
  onComplete(): void;
  onError(error: Error): void;
}

export interface ConnectionOptions {
  /** Milliseconds to connect, to wait for headers, and between two pieces of a body. */
  readonly timeout: number;
  /** Idle connections that are kept over all servers, besides those in use; 1024 at most, which is the default. */
  readonly maxIdle?: number;
  /** Where servers are not just asked directly. */
  readonly way?: Way | undefined;
  /** Servers that speak HTTP/2 are asked so. Default: none is. */
  readonly http2?: boolean | undefined;
}

/** Of those that servers have closed something is kept, too, so files are not what bounds them. */
const MAX_IDLE = 1024;
/** Bytes of response headers. */
const MAX_HEADER_SIZE = 64 << 10;

export interface Request {
  readonly method: 'GET';
  readonly path: string;
  /** Name, value, name, value ... */
  readonly headers: string[];
}

/** What carries requests on a connection, one after the other: undici's client, what reads leniently, or a stream of HTTP/2. */
export interface Carrier {
  readonly closed: boolean;
  readonly destroyed: boolean;
  /** A body that breaks off never looks whole, though nothing announces its length. */
  readonly provesEnds?: boolean;
  dispatch(request: Request, handler: ResponseHandler): unknown;
  close(): Promise<void>;
  destroy(): Promise<void>;
}

/** A connection that is being made, or was. */
interface Dialled {
  /** Its socket until it is connected: while a name is looked up, too, and in a TLS handshake. */
  connecting: Socket | undefined;
  /** A proxy that it goes through. */
  readonly through: Through | undefined;
}

/** A connection that is taken for one request and given back after it. */
export interface Connection extends Dialled {
  readonly origin: string;
  readonly client: Carrier;
  /** It can carry another request when one has ended well. */
  isKept: boolean;
  /** It has carried an answer, so the server may close it just when the next request goes out. */
  used: boolean;
  /** Of the request under way. */
  handler: ResponseHandler | undefined;
  /** What was read last, as far as there was something: pieces of a body lie in it, and what follows the body. */
  read: Uint8Array | undefined;
  /** Whether nobody needs the memory of what was read last. */
  isReadFree: boolean;
}

/** What a socket is to be connected to. */
export type Wanted = buildConnector.Options;
export type OnConnected = buildConnector.Callback;

/** Undici gives back the socket that it begins to connect, which its types keep to themselves. */
export type Connect = (wanted: Wanted, callback: OnConnected) => Socket;

/**
 * Keeps the connections of a run. A connection that was given back last is taken first: when that happens inside the
 * callback that ends a response, undici sends the next request without the idle checks that it makes otherwise.
 */
export class Connections {
  readonly #options: ConnectionOptions;
  /** One for all connections, so that they share the TLS sessions. */
  readonly #connect: Connect;
  /** The same for those that read to memory which is used again; undefined where there is more than TCP between the ends. */
  readonly #connectReading: Connect | undefined;
  /** The same to proxies. */
  #near: Connect | undefined;
  /** Servers that may speak HTTP/2, once there is one. */
  #origins: Origins | undefined;
  readonly #lookups = new Lookups();
  readonly #idle = new Map<string, Connection[]>();
  readonly #all = new Set<Connection>();
  /** Connections that are being made and belong to no request alone. */
  readonly #dialled = new Set<Dialled>();
  #idleCount = 0;
  #maxIdle: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#maxIdle = Math.min(options.maxIdle ?? MAX_IDLE, MAX_IDLE);
    this.#connect = this.#connector(options.way?.toServers);
    if (options.way === undefined) this.#connectReading = this.#connector({ onread: READING });
  }

  #connector(besides?: object): Connect {
    const { timeout, way } = this.#options;
    const { lookup } = this.#lookups;
    return connector({
      timeout: way?.connectTimeout ?? timeout,
      // Happy eyeballs; the default of 250 ms for an attempt fails on slow links.
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: 1_000,
      lookup: way?.lookup(lookup) ?? lookup,
      ...besides,
    }) as Connect;
  }

  take(origin: string): Connection {
    const idle = this.#idle.get(origin)?.pop();
    if (idle !== undefined) {
      this.#idleCount -= 1;
      return idle;
    }
    const connection = this.open(origin);
    if (!connection.isKept) connection.used = this.#origins?.get(origin)?.hasAnswered === true;
    return connection;
  }

  /** A connection that carried nothing yet; by HTTP/2 it may share one that did. */
  open(origin: string): Connection {
    const mayShare = this.#options.http2 === true && origin.startsWith('https:');
    if (mayShare && this.#origins?.get(origin)?.isHttp1 !== true) return this.#openNegotiated(origin);
    const connection: Connection = this.#add(
      origin,
      this.#client(origin, () => connection),
      true,
    );
    return connection;
  }

  #openNegotiated(origin: string): Connection {
    const carrier = new NegotiatedCarrier(
      async () => {
        const origins = this.#origins ?? (await this.#openOrigins());
        return origins.open(origin, this.#maxIdle);
      },
      (socket) => {
        connection.isKept = true;
        return this.#client(origin, () => connection, socket);
      },
    );
    const connection = this.#add(origin, carrier, false);
    return connection;
  }

  async #openOrigins(): Promise<Origins> {
    const { Origins } = await import('./http2/origins.js');
    const { timeout, way } = this.#options;
    const connect = this.#connector({ ...way?.toServers, allowH2: true });
    this.#origins ??= new Origins({
      timeout,
      connect: (origin, callback) => {
        const dialled: Dialled = { connecting: undefined, through: way?.through(origin) };
        this.#dialled.add(dialled);
        const done: OnConnected = (...result) => {
          this.#dialled.delete(dialled);
          callback(...result);
        };
        this.#connectTo(dialled, endOf(origin), done, connect);
      },
    });
    return this.#origins;
  }

  /** Undici's. @param first connected already */
  #client(origin: string, of: () => Connection, first?: Socket): Client {
    const { timeout } = this.#options;
    const connect = (origin.startsWith('http:') ? this.#connectReading : undefined) ?? this.#connect;
    return new Client(origin, {
      pipelining: 1,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      maxHeaderSize: MAX_HEADER_SIZE,
      connect: (options, callback) => {
        const onConnected: OnConnected = (...result) => {
          if (result[0] === null) watch(result[1], of(), connect !== this.#connect);
          callback(...result);
        };
        const socket = first;
        first = undefined;
        if (socket?.destroyed !== false) this.#connectTo(of(), options, onConnected, connect);
        else queueMicrotask(() => onConnected(null, socket));
      },
    });
  }

  /** For one request whose answer may break the rules: whatever is left over of it belongs to no other. */
  openLenient(origin: string): Connection {
    const { timeout } = this.#options;
    const client = new LenientCarrier({
      origin,
      timeout,
      maxHeaderSize: MAX_HEADER_SIZE,
      connect: (callback) => this.#connectTo(connection, endOf(origin), callback),
    });
    const connection = this.#add(origin, client, false);
    return connection;
  }

  #add(origin: string, client: Carrier, isKept: boolean): Connection {
    const connection: Connection = {
      origin,
      client,
      isKept,
      used: false,
      handler: undefined,
      read: undefined,
      isReadFree: false,
      connecting: undefined,
      through: this.#options.way?.through(origin),
    };
    this.#all.add(connection);
    return connection;
  }

  #connectTo(dialled: Dialled, wanted: Wanted, callback: OnConnected, connect = this.#connect): void {
    const { way } = this.#options;
    const onConnected: OnConnected = (...result) => {
      dialled.connecting = undefined;
      if (result[0] !== null) this.#lookups.forget(dialled.through?.proxy.host ?? wanted.hostname);
      callback(...result);
    };
    if (way === undefined) dialled.connecting = this.#lookups.connect(() => connect(wanted, onConnected));
    else this.#connectBy(way, wanted, dialled, onConnected, connect);
  }

  #connectBy(way: Way, wanted: Wanted, dialled: Dialled, onConnected: OnConnected, directly: Connect): void {
    const to =
      (connect: Connect): Connect =>
      (...parameters) =>
        this.#lookups.connect(() => connect(...parameters));
    const onSocket = (socket: Socket): void => {
      dialled.connecting = socket;
    };
    const far = to(directly);
    this.#near ??= to(this.#connector(way.toProxies));
    const timeout = way.connectTimeout ?? this.#options.timeout;
    const lookup = way.lookup(this.#lookups.lookup);
    way.connect(dialled.through, wanted, { near: this.#near, far, lookup, timeout, onSocket }, onConnected);
  }

  /** The proxy of a server. */
  proxyOf(origin: string): ProxyServer | undefined {
    return this.#options.way?.through(origin)?.proxy;
  }

  /** After a request that ended well. */
  giveBack(connection: Connection): void {
    if (!connection.isKept) {
      this.drop(connection);
      return;
    }
    const { origin } = connection;
    connection.used = true;
    connection.handler = undefined;
    connection.read = undefined;
    const idle = this.#idle.get(origin);
    if (idle === undefined) this.#idle.set(origin, [connection]);
    else idle.push(connection);
    this.#idleCount += 1;
    if (this.#idleCount > this.#maxIdle) this.#closeOldest();
  }

  /**
   * After a request that failed. The connection is not used again: undici must not be given a request while it tells of
   * an error of the same client.
   */
  drop(connection: Connection): void {
    connection.handler = undefined;
    this.#all.delete(connection);
    void end(connection);
  }

  /** @param headers name, value, name, value ... */
  send(connection: Connection, path: string, headers: string[], handler: ResponseHandler): void {
    connection.handler = handler;
    const { client, through } = connection;
    if (through === undefined || !through.asksProxy) client.dispatch({ method: 'GET', path, headers }, handler);
    else {
      const all = [...headers, ...through.headers];
      client.dispatch({ method: 'GET', path: connection.origin + path, headers: all }, handler);
    }
  }

  /** Gives back the files of idle connections, and keeps no more than the one that was used last from now on. */
  keepFew(): void {
    this.#maxIdle = 1;
    while (this.#idleCount > this.#maxIdle) this.#closeOldest();
    this.#origins?.keep(this.#maxIdle);
  }

  /** Ends all connections, those in use too. */
  async destroy(): Promise<void> {
    this.#idle.clear();
    this.#origins?.destroy();
    for (const { connecting } of this.#dialled) connecting?.destroy(UNWANTED);
    await Promise.all([...this.#all].map(end));
    this.#all.clear();
  }

  /** Maps keep their order: the first origin has waited longest. */
  #closeOldest(): void {
    for (const [origin, idle] of this.#idle) {
      const oldest = idle.shift();
      if (idle.length === 0) this.#idle.delete(origin);
      if (oldest === undefined) continue;
      this.#idleCount -= 1;
      this.#all.delete(oldest);
      void oldest.client.close();
      return;
    }
  }
}

/** Closes a connection at once. One that is still connecting undici would leave alone until its time is up. */
async function end({ client, connecting }: Connection): Promise<void> {
  const ended = client.destroy();
  connecting?.destroy(UNWANTED);
  await ended;
}

/** Where to connect to, in undici's words. */
function endOf(origin: string): buildConnector.Options {
  const { host, hostname, protocol, port } = new URL(origin);
  return { host, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), protocol, port };
}

/** Comes before undici's own listeners, which make two things wrong of the end of a connection. */
function watch(socket: Socket, connection: Connection, isReading: boolean): void {
  // A reset is never the end of a body. Undici takes it for one when the body ends with the connection, and fails an
  // assertion when the body is paused; what it calls an error of the socket it handles well.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
  });
  // Undici fails an assertion when the server closes while the body is paused (its issue 5360; mended in version 8).
  socket.on('end', () => connection.handler?.onEnd());
  // Undici does not say what follows a whole body, nor does it mind where the connection is closed after that.
  const onRead = (bytes: Uint8Array | undefined): void => {
    connection.read = bytes;
    if (bytes !== undefined) connection.isReadFree = false;
  };
  if (isReading) {
    giveReads(socket, onRead, () => connection.isReadFree);
    return;
  }
  const read = socket.read.bind(socket) as (size?: number) => Uint8Array | null;
  socket.read = (size) => {
    const bytes = read(size);
    onRead(bytes ?? undefined);
    return bytes;
  };
}
