/** Where the page of a run is to be: what `--listen` and `--listen-token-file` say. */
import { open } from 'node:fs/promises';
import { isIP } from 'node:net';
import { UsageError } from '../errors.js';
import { addressesOf } from '../server/listen.js';
import { printable } from '../shared/printable.js';

export interface PageAddress {
  /** As it was given. */
  readonly host: string;
  /** All that the host stands for. */
  readonly addresses: readonly string[];
  /** 0 for one that is free. */
  readonly port: number;
}

/** `8080`, `nas:8080`, `[::1]:8080`. */
const ADDRESS = /^(?:(?:\[([^[\]\s]+)\]|([^:\s]+)):)?(\d{1,5})$/;
const MOST_PORT = 65_535;
/** This machine, for a port alone. */
const LOOPBACK = '127.0.0.1';
/** Characters: what nobody guesses, and what a header takes. */
const TOKEN = /^[\x21-\x7e]{16,1024}$/;
/** Bytes of its file that are looked at. */
const MOST_READ = 4096;

/** @throws UsageError */
export async function parseAddress(text: string): Promise<PageAddress> {
  const [, bracketed, plain, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > MOST_PORT) {
    throw new UsageError(
      `--listen ${printable(text)} is no port and no HOST:PORT`,
      'give 8080, 127.0.0.1:8080 or [::1]:8080; 0 for a port that is free',
    );
  }
  const host = bracketed ?? plain ?? LOOPBACK;
  return { host, addresses: await addressesOf(host), port };
}

/** Nobody else's machine can reach it. A name is none, whatever it begins with: anybody can have 127.example. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) !== 0 && /^(?:::ffff:)?127\./.test(address));
}

/**
 * The token of a page that others can reach.
 *
 * @param path of the file that it stands in; undefined where none was given
 * @throws UsageError where there is none and has to be one
 */
export async function readToken(
  path: string | undefined,
  { host, addresses }: PageAddress,
): Promise<string | undefined> {
  if (path !== undefined) return tokenIn(path);
  if (addresses.every(isLoopback)) return undefined;
  throw new UsageError(
    `--listen ${printable(host)} can be reached by other machines, and needs a token`,
    'give --listen-token-file FILE with 16 characters or more, such as openssl rand -hex 32 prints; or a port alone',
  );
}

async function tokenIn(path: string): Promise<string> {
  const of = `--listen-token-file ${printable(path, 1000)}`;
  const token = (await startOf(path, of)).trim();
  if (TOKEN.test(token)) return token;
  throw new UsageError(
    `${of} has no token in it`,
    'write one line of 16 to 1,024 letters, digits and signs without a space, such as openssl rand -hex 32 prints',
  );
}

async function startOf(path: string, of: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_READ), 0, MOST_READ);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new UsageError(`${of} cannot be read: ${printable((error as Error).message)}`, 'name another file', error);
  }
}
