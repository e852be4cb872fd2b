/** A server that sends frames of HTTP/2 (RFC 9113) as a test has written them. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';

const PREFACE = 24;
const HEAD = 9;
export const TYPES = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;

export type Bytes = Buffer | 'end' | 'reset';

/** What comes of a request: its stream's number is given. */
export type Frames = (stream: number) => readonly Bytes[];

export function frame(
  type: keyof typeof TYPES,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = TYPES[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Each field as it is, without a table (RFC 7541, 6.2.2). */
export function headers(stream: number, fields: Readonly<Record<string, string>>, ends = false): Buffer {
  const written = Object.entries(fields).map(([name, value]) =>
    Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]),
  );
  return frame('headers', END_HEADERS | (ends ? END_STREAM : 0), stream, Buffer.concat(written));
}

export function data(stream: number, text: string, ends = false): Buffer {
  return frame('data', ends ? END_STREAM : 0, stream, Buffer.from(text));
}

/** @param code as RFC 9113, 7, has them */
export function reset(stream: number, code: number): Buffer {
  return frame('reset', 0, stream, number(code));
}

export function goaway(last: number, code: number): Buffer {
  return frame('goaway', 0, 0, Buffer.concat([number(last), number(code)]));
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/**
 * @param answers of the requests in the order in which they come; the last one of all that come after
 * @param http1 what is answered over HTTP/1.1
 */
export async function startRawHttp2(tls: TlsOptions, answers: readonly Frames[], http1 = '') {
  const sockets = new Set<Socket>();
  /** What lies below TLS, by the ports of clients. */
  const raw = new Map<number | undefined, Socket>();
  const seen = { requests: 0, http1: 0, connections: 0 };
  const server = createServer({ ...tls, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    sockets.add(socket);
    seen.connections += 1;
    socket
      .setNoDelay()
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket));
    if (socket.alpnProtocol !== 'h2') {
      socket.once('data', () => {
        seen.http1 += 1;
        socket.end(http1);
      });
      return;
    }
    socket.write(frame('settings', 0, 0));
    let bytes: Buffer = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]);
      if (!isOpen && bytes.length >= PREFACE) {
        bytes = bytes.subarray(PREFACE);
        isOpen = true;
      }
      if (!isOpen) return;
      while (bytes.length >= HEAD && bytes.length >= HEAD + bytes.readUIntBE(0, 3)) {
        const [type, stream] = [bytes[3], bytes.readUInt32BE(5)];
        bytes = bytes.subarray(HEAD + bytes.readUIntBE(0, 3));
        if (type !== TYPES.headers) continue;
        seen.requests += 1;
        for (const part of answers[Math.min(seen.requests, answers.length) - 1]?.(stream) ?? []) {
          if (part === 'end') socket.end();
          else if (part === 'reset') setTimeout(() => raw.get(socket.remotePort)?.resetAndDestroy(), 20);
          else socket.write(part);
        }
      }
    });
  });
  server.on('connection', (socket: Socket) => raw.set(socket.remotePort, socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    seen,
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
