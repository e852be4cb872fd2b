/** Which server of NATS keeps the queue, and who is asking, as `--queue` and the flags beside it say. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../../errors.js';
import { printable } from '../../shared/printable.js';

export interface QueueOptions {
  /** URLs of the servers of one cluster, with commas between them. */
  readonly queue: string;
  /** A file of credentials as `nsc` writes it: a token of the user, and its key. */
  readonly queueCreds?: string | undefined;
  readonly queueTokenFile?: string | undefined;
  /** A file of certificates in PEM. */
  readonly queueCa?: string | undefined;
}

export type Identity =
  | { readonly kind: 'none' }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'credentials'; readonly text: Uint8Array; readonly file: string };

export interface QueueAddress {
  /** `host:port`, without what is secret. */
  readonly servers: readonly string[];
  /** All of them, for a person to read. */
  readonly shown: string;
  readonly isEncrypted: boolean;
  readonly ca: string | undefined;
  readonly identity: Identity;
}

const FORM = 'give nats://HOST:PORT or tls://HOST:PORT, several of one cluster with commas between them';
const CREDENTIALS = /-----BEGIN NATS USER JWT-----\s+\S+\s+-+END[^]+-----BEGIN USER NKEY SEED-----\s+\S+\s+-+END/;
const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;

/** @throws UsageError, which tells no password and no token */
export async function readAddress(options: QueueOptions): Promise<QueueAddress> {
  const urls = options.queue.split(',').map((text) => parse(text.trim()));
  const [first] = urls as [URL];
  if (urls.some(({ protocol }) => protocol !== first.protocol)) {
    throw new UsageError('--queue has URLs with and without tls://', 'all servers of a cluster are reached in one way');
  }
  const isEncrypted = first.protocol === 'tls:';
  if (options.queueCa !== undefined && !isEncrypted) {
    throw new UsageError('--queue-ca goes with a --queue that begins with tls://', 'write tls:// instead of nats://');
  }
  const servers = urls.map(({ hostname, port }) => `${hostname}:${port === '' ? '4222' : port}`);
  return {
    servers,
    shown: printable(servers.map((server) => `${first.protocol}//${server}`).join(', '), 200),
    isEncrypted,
    ca: options.queueCa === undefined ? undefined : await certificatesOf(options.queueCa),
    identity: await identityOf(urls, options),
  };
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What cannot be read may have a password in it anywhere, so nothing of it is shown.
  if (url === undefined || url.hostname === '') throw new UsageError('--queue has what is no URL of a server', FORM);
  if (url.protocol !== 'nats:' && url.protocol !== 'tls:') {
    throw new UsageError(`--queue does not know ${printable(url.protocol)}//`, FORM);
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new UsageError('--queue has a URL with more than a host and a port', FORM);
  }
  return url;
}

async function identityOf(urls: readonly URL[], options: QueueOptions): Promise<Identity> {
  const { queueCreds, queueTokenFile } = options;
  const named = urls.filter(({ username, password }) => username !== '' || password !== '');
  const ways = [named.length > 0, queueCreds !== undefined, queueTokenFile !== undefined];
  if (ways.filter(Boolean).length > 1) {
    const which = 'a user in the URL, --queue-creds and --queue-token-file';
    throw new UsageError(`--queue is told in more than one way who is asking`, `give one of ${which}`);
  }
  if (queueCreds !== undefined) {
    const text = await read('--queue-creds', queueCreds);
    if (CREDENTIALS.test(text)) return { kind: 'credentials', text: Buffer.from(text), file: queueCreds };
    const hint = 'it has to have a USER JWT and a USER NKEY SEED; `nsc generate creds` writes one';
    throw new UsageError(`--queue-creds ${queueCreds} has no credentials of NATS in it`, hint);
  }
  if (queueTokenFile !== undefined) {
    const token = (await read('--queue-token-file', queueTokenFile)).trim();
    if (/^\S+$/.test(token)) return { kind: 'token', token };
    throw new UsageError(`--queue-token-file ${queueTokenFile} has no token in it`, 'write it there on a line');
  }
  const [first] = named;
  if (first === undefined) return { kind: 'none' };
  if (named.some(({ username, password }) => username !== first.username || password !== first.password)) {
    throw new UsageError('--queue has URLs of several users', 'a worker is one user to all servers of a cluster');
  }
  const [user, password] = [decoded(first.username), decoded(first.password)];
  // NATS takes what stands alone for a token.
  return first.password === '' ? { kind: 'token', token: user } : { kind: 'user', user, password };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new UsageError('--queue has a user or a password with a % that begins nothing', 'write %25 for it', error);
  }
}

async function certificatesOf(path: string): Promise<string> {
  const text = await read('--queue-ca', path);
  if (CERTIFICATE.test(text)) return text;
  throw new UsageError(`--queue-ca ${path} has no certificate in it`, 'it has to be PEM; openssl converts others');
}

async function read(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option} ${path} cannot be read (${code})`, 'check the path and who may read it', error);
  }
}
