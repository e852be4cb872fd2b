/** One HTTP service on every address that a host name stands for. */

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from '../errors.js';

export interface Listening {
  /** The port, the same on all addresses. */
  readonly port: number;
  /** Stops listening and cuts the connections that are open, in mid-answer too. */
  close(): Promise<void>;
}

// As many clients may connect at the same moment as a run has requests at most; with Node's 511 some of them would
// find the queue full and try again only a second later.
const BACKLOG = 1000;

const FREE_PORT_ATTEMPTS = 10;

/**
 * Listens on all addresses of `host`. Node's own `listen` takes the first one only, and which of 127.0.0.1 and ::1
 * that is for `localhost` depends on the machine, while clients may try either of them.
 *
 * @param port the TCP port, 0 for a free one
 * @throws UsageError if the host has no address of this machine or the port cannot be had
 */
export async function listen(handler: RequestListener, host: string, port: number): Promise<Listening> {
  const addresses = await addressesOf(host);
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOn(handler, addresses, port);
    } catch (error) {
      // A port that the first address had free may be taken on the second.
      const another = port === 0 && codeOf(error) === 'EADDRINUSE' && attempt < FREE_PORT_ATTEMPTS;
      if (!another) throw refusal(host, port, error);
    }
  }
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    const found = await lookup(host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (cause) {
    throw new UsageError(
      `the host ${JSON.stringify(host)} has no address`,
      'give a name or an address of this machine',
      cause,
    );
  }
}

/** Listens on those of the addresses that this machine has, all on one port; the system's own error if it cannot. */
async function listenOn(handler: RequestListener, addresses: readonly string[], port: number): Promise<Listening> {
  const servers: Server[] = [];
  let bound = port;
  let absent: unknown;
  try {
    for (const address of addresses) {
      const server = createServer(handler);
      try {
        bound = await bind(server, address, bound);
        servers.push(server);
      } catch (error) {
        // `localhost` often stands for ::1 where IPv6 is switched off.
        if (!['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error))) throw error;
        absent = error;
      }
    }
    if (servers.length === 0) throw absent;
  } catch (error) {
    await closeAll(servers);
    throw error;
  }
  return { port: bound, close: () => closeAll(servers) };
}

async function bind(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port, backlog: BACKLOG });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          // Its error only says that the server was closed before.
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    ),
  );
}

function refusal(host: string, port: number, cause: unknown): UsageError {
  const where = `port ${port} on ${host}`;
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new UsageError(`${where} is in use`, 'stop what listens there, or choose another port', cause);
    case 'EACCES':
      return new UsageError(`${where} is not allowed to this user`, 'choose a port from 1024 up', cause);
    default:
      return new UsageError(`cannot listen on ${where}`, 'choose another host or port of this machine', cause);
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
