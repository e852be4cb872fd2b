/** Small proxies, which write down what they are asked for. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, request, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface TestProxy extends AsyncDisposable {
  readonly port: number;
  /** What it was asked for, in order. */
  readonly asked: readonly string[];
}

export interface HttpProxyOptions {
  /** `NAME:PASSWORD`, without which it answers 407. */
  readonly wants?: string;
  /** It is asked by https. */
  readonly certificate?: { readonly key: Buffer; readonly cert: Buffer };
  /** What it answers to each CONNECT, whatever that asks for. */
  readonly answer?: string;
}

/** RFC 9110, 7.3.2 and 9.3.6. */
export async function startHttpProxy({ wants, certificate, answer }: HttpProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const header = wants && `Basic ${Buffer.from(wants).toString('base64')}`;
  const isRefused = (incoming: IncomingMessage): boolean =>
    header !== undefined && incoming.headers['proxy-authorization'] !== header;
  const server = certificate === undefined ? createHttpServer() : createHttpsServer(certificate);
  server.on('request', (incoming: IncomingMessage, response) => {
    asked.push(`GET ${incoming.url}`);
    if (isRefused(incoming)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end('<html>who is it</html>');
      return;
    }
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    request(incoming.url as string, { headers }, (answered) => {
      response.writeHead(answered.statusCode as number, answered.headers);
      answered.pipe(response);
    })
      .on('error', () => response.writeHead(502).end('<html>no server</html>'))
      .end();
  });
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.on('error', () => undefined);
    if (answer !== undefined) socket.end(answer);
    else if (isRefused(incoming))
      socket.end('HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="proxy"\r\n\r\n<html>');
    else {
      const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(incoming.url as string) ?? [];
      const server = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connected\r\n\r\n');
        join(socket, server);
      });
      server.on('error', () => socket.end('HTTP/1.1 503 No server\r\n\r\n<html>'));
    }
  });
  return listening(server, asked);
}

/** RFC 1928 and 1929. @param wants `NAME:PASSWORD` */
export async function startSocks(wants?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    void serveSocks(socket, asked, wants);
  });
  return listening(server, asked);
}

async function serveSocks(socket: Socket, asked: string[], wants: string | undefined): Promise<void> {
  const bytes = reader(socket);
  const [, methods = 0] = await bytes(2);
  await bytes(methods);
  socket.write(Buffer.from([5, wants === undefined ? 0 : 2]));
  if (wants !== undefined) {
    const [, user = 0] = await bytes(2);
    const name = await bytes(user);
    const [length = 0] = await bytes(1);
    const isRight = `${name.toString()}:${(await bytes(length)).toString()}` === wants;
    socket.write(Buffer.from([1, isRight ? 0 : 1]));
    if (!isRight) {
      socket.end();
      return;
    }
  }
  const [, , , kind] = await bytes(4);
  const [length = 0] = kind === 3 ? await bytes(1) : [kind === 1 ? 4 : 16];
  const address = await bytes(length);
  const port = (await bytes(2)).readUInt16BE();
  const host =
    kind === 3
      ? address.toString()
      : kind === 1
        ? address.join('.')
        : (address.toString('hex').match(/.{4}/g) ?? []).join(':');
  asked.push(`${kind === 3 ? 'name' : 'address'} ${host}:${port}`);
  const answer = (code: number): Buffer => Buffer.from([5, code, 0, 1, 127, 0, 0, 1, 0, 0]);
  const server = connect(port, host, () => {
    socket.write(answer(0));
    join(socket, server);
  });
  server.on('error', () => socket.end(answer(5)));
}

/** SOCKS 4, and 4a. @param wants the only user that it connects */
export async function startSocks4(wants?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    void serveSocks4(socket, asked, wants);
  });
  return listening(server, asked);
}

async function serveSocks4(socket: Socket, asked: string[], wants: string | undefined): Promise<void> {
  const bytes = reader(socket);
  const text = async (): Promise<string> => {
    for (let read = ''; ;) {
      const [byte = 0] = await bytes(1);
      if (byte === 0) return read;
      read += String.fromCharCode(byte);
    }
  };
  const [version] = await bytes(1);
  if (version !== 4) {
    socket.end();
    return;
  }
  const [, high = 0, low = 0, ...address] = await bytes(7);
  const user = await text();
  const isNamed = address.slice(0, 3).every((byte) => byte === 0) && address[3] !== 0;
  const host = isNamed ? await text() : address.join('.');
  const port = (high << 8) | low;
  asked.push(`${isNamed ? 'name' : 'address'} ${host}:${port}`);
  const answer = (code: number): Buffer => Buffer.from([0, code, 0, 0, 0, 0, 0, 0]);
  if (wants !== undefined && user !== wants) {
    socket.end(answer(93));
    return;
  }
  const server = connect({ port, host, family: 4 }, () => {
    socket.write(answer(90));
    join(socket, server);
  });
  server.on('error', () => socket.end(answer(91)));
}

function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    if (length === 0) return Buffer.alloc(0);
    for (;;) {
      const bytes = socket.read(length) as Buffer | null;
      if (bytes !== null) return bytes;
      await once(socket, 'readable');
    }
  };
}

function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  one.on('close', () => other.destroy());
  other.on('close', () => one.destroy());
}

async function listening(server: Server | HttpServer, asked: readonly string[]): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
