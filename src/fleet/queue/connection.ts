/** The connection to the servers of NATS. Where it breaks it is made again, and who waits for it is told how it is. */
import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { SluiceError } from '../../errors.js';
import { whyUntrusted } from '../../fetch/certificate.js';
import type { Identity, QueueAddress } from './address.js';
import { denied, unreachable, untrusted } from './faults.js';

export type { NatsConnection };

/** Milliseconds between two questions whether the server is still there; the second that it does not answer is the end. */
const PING_INTERVAL = 15_000;
const CONNECT_TIMEOUT = 10_000;
/** Milliseconds that what is still to be told may take at the end. */
const DRAIN_TIMEOUT = 2_000;

export class Connection {
  readonly nats: NatsConnection;
  readonly shown: string;
  #isUp = true;

  private constructor(nats: NatsConnection, shown: string, note: (text: string) => void) {
    this.nats = nats;
    this.shown = shown;
    void this.#watch(note);
  }

  /** @throws SluiceError with code `QUEUE_UNREACHABLE` or `QUEUE_DENIED` */
  static async open(address: QueueAddress, worker: string, note: (text: string) => void): Promise<Connection> {
    const { servers, shown, isEncrypted, ca, identity } = address;
    const authenticator = authenticatorOf(identity);
    try {
      const nats = await connect({
        servers: [...servers],
        name: `sluice ${worker}`,
        timeout: CONNECT_TIMEOUT,
        pingInterval: PING_INTERVAL,
        maxPingOut: 1,
        // How long it may be away is decided where something is waited for.
        maxReconnectAttempts: -1,
        reconnectTimeWait: 1_000,
        ignoreAuthErrorAbort: true,
        ...(authenticator && { authenticator }),
        // Without `tls` it is encrypted nevertheless where the server wants that.
        ...(isEncrypted && { tls: { ...(ca !== undefined && { ca }), ...identityOf(servers) } }),
      });
      if (isEncrypted && nats.info?.tls_required !== true && nats.info?.tls_available !== true) {
        await nats.close();
        throw unreachable(shown, 'the server does not encrypt (write nats:// where that is meant)', undefined);
      }
      return new Connection(nats, shown, note);
    } catch (error) {
      throw meaningOf(error, shown);
    }
  }

  get isUp(): boolean {
    return this.#isUp && !this.nats.isClosed();
  }

  async close(): Promise<void> {
    if (!this.isUp) return this.nats.close();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, DRAIN_TIMEOUT)));
    await Promise.race([this.nats.drain().catch(() => undefined), late]);
    clearTimeout(timer);
    await this.nats.close();
  }

  async #watch(note: (text: string) => void): Promise<void> {
    for await (const { type } of this.nats.status()) {
      if (type === 'disconnect' && this.#isUp && !this.nats.isDraining()) {
        this.#isUp = false;
        note(`queue: lost the connection to ${this.shown}; work goes on, and it is tried again`);
      } else if (type === 'reconnect' && !this.#isUp) {
        this.#isUp = true;
        note(`queue: connected again to ${this.shown}`);
      }
    }
  }
}

/** Whether the server forbids it to this user. */
export function isForbidden(error: unknown): error is Error {
  const { cause } = error as { readonly cause?: unknown };
  const isIt = (each: unknown): boolean =>
    each instanceof errors.PermissionViolationError || each instanceof errors.AuthorizationError;
  return isIt(error) || isIt(cause);
}

/** Whether nobody listens to what was asked. */
export function isUnheard(error: unknown): boolean {
  return error instanceof errors.NoRespondersError || (error instanceof errors.RequestError && error.isNoResponders());
}

function authenticatorOf(identity: Identity): Authenticator | undefined {
  if (identity.kind === 'user') return usernamePasswordAuthenticator(identity.user, identity.password);
  if (identity.kind === 'token') return tokenAuthenticator(identity.token);
  return identity.kind === 'credentials' ? credsAuthenticator(identity.text) : undefined;
}

/** The client tells Node no name where a server is named by its IP address, and Node then looks for `localhost`. */
function identityOf(servers: readonly string[]): Pick<ConnectionOptions, 'checkServerIdentity'> {
  const addresses = servers
    .map((server) => server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'))
    .filter((host) => isIP(host) !== 0);
  return {
    checkServerIdentity: (host, certificate) => {
      const fault = checkServerIdentity(host, certificate);
      return addresses.some((address) => checkServerIdentity(address, certificate) === undefined) ? undefined : fault;
    },
  };
}

function meaningOf(error: unknown, shown: string): SluiceError {
  if (error instanceof SluiceError) return error;
  if (isForbidden(error)) return denied(shown, error.message, error);
  const { code = '', message } = (error ?? new Error('the connection was closed')) as NodeJS.ErrnoException;
  const why = whyUntrusted(code);
  if (why === undefined) return unreachable(shown, message, error);
  const hint =
    'name the certificates of its authority with --queue-ca, and the server in --queue as its certificate does';
  return untrusted(shown, why.what, hint, error);
}
