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
export const BACKLOG = 1000;

const FREE_PORT_ATTEMPTS = 10;

/**
 * The addresses of a host name. Node's own `listen` takes the first one only, and which of 127.0.0.1 and ::1 that is for
 * `localhost` depends on the machine, while clients may try either of them.
 *
 * @throws UsageError if it has none
 */
export async function addressesOf(host: string): Promise<string[]> {
  try {
    const found = await lookup(host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (cause) {
    const hint = 'give a name or an address of this machine';
    throw new UsageError(`the host ${JSON.stringify(host)} has no address`, hint, cause);
  }
}

/**
 * Listens on all of the addresses, on one port, but for those that this machine does not have: `localhost` often
 * stands for ::1 where IPv6 is switched off.
 *
 * @param port the TCP port, 0 for a free one
 * @throws UsageError if the machine has none of the addresses, or the port cannot be had on one of them
 */
export function listen(handler: RequestListener, addresses: readonly string[], port: number): Promise<Listening> {
  return listenWith(() => createServer(handler), addresses, port);
}

/** The same with servers that are made to be so. @param create called for each of the addresses */
export async function listenWith(create: () => Server, addresses: readonly string[], port: number): Promise<Listening> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce(create, addresses, port);
    } catch (error) {
      // A port that the first address had free may be taken on the second.
      const again = port === 0 && isSystemError(error, 'EADDRINUSE') && attempt < FREE_PORT_ATTEMPTS;
      if (!again) throw refusal(port, error);
    }
  }
}

async function listenOnce(create: () => Server, addresses: readonly string[], port: number): Promise<Listening> {
  const servers: Server[] = [];
  let bound = port;
  let absent: unknown;
  try {
    for (const address of addresses) {
      const server = create();
      try {
        bound = await bind(server, address, bound);
        servers.push(server);
      } catch (error) {
        if (!isSystemError(error, 'EADDRNOTAVAIL', 'EAFNOSUPPORT')) throw error;
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

function refusal(port: number, cause: unknown): UsageError {
  const { address = 'this machine' } = cause as { address?: string };
  if (isSystemError(cause, 'EADDRINUSE')) {
    return new UsageError(`port ${port} is in use on ${address}`, 'stop what listens there, or choose another', cause);
  }
  if (isSystemError(cause, 'EACCES')) {
    return new UsageError(`port ${port} is not for this user on ${address}`, 'choose one from 1024 up', cause);
  }
  return new UsageError(`cannot listen on port ${port} of ${address}`, 'choose a host of this machine', cause);
}

function isSystemError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => error.code === code);
}
