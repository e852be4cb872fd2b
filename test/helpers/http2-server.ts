/** A server of HTTP/2, as Node has it, that counts. */
import { once } from 'node:events';
import {
  createSecureServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

export type Answer = (stream: ServerHttp2Stream, path: string, headers: IncomingHttpHeaders) => void;

/** @param mostConnections others are closed at once */
export async function startHttp2(options: SecureServerOptions, answer: Answer, mostConnections = Infinity) {
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  const seen = { requests: 0, sessions: 0, connections: 0, streams: 0, mostStreams: 0 };
  const server = createSecureServer({ maxSessionMemory: 1_000, ...options });
  server.on('connection', (socket: Socket) => {
    seen.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (sockets.size > mostConnections) socket.resetAndDestroy();
  });
  server.on('tlsClientError', () => undefined);
  server.on('session', (session) => {
    seen.sessions += 1;
    sessions.add(session);
    session.on('error', () => undefined).on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    seen.requests += 1;
    seen.streams += 1;
    seen.mostStreams = Math.max(seen.mostStreams, seen.streams);
    stream.on('error', () => undefined).on('close', () => (seen.streams -= 1));
    answer(stream, String(headers[':path']), headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    seen,
    sessions,
    get open(): number {
      return sockets.size;
    },
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
