/** What nsc makes for a server with accounts: tokens of an operator, of its accounts and of a user, each signed by the one above. */
import { nkeys } from '@nats-io/transport-node';

type Pair = ReturnType<typeof nkeys.createUser>;

const NO_LIMIT = -1;
const LIMITS = {
  ...Object.fromEntries(
    ['subs', 'data', 'payload', 'imports', 'exports', 'conn', 'leaf', 'mem_storage', 'disk_storage', 'streams'].map(
      (limit) => [limit, NO_LIMIT],
    ),
  ),
  consumer: NO_LIMIT,
  wildcards: true,
};

export interface Accounts {
  /** Lines of the server's configuration. */
  readonly config: string;
  /** The text of a file of credentials. */
  credentials(allowed: { readonly pub: readonly string[]; readonly sub: readonly string[] }): string;
}

export function makeAccounts(): Accounts {
  const [operator, system, account] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()];
  const tokenOf = (name: string, pair: Pair): string =>
    tokenBy(operator, pair, name, { type: 'account', version: 2, limits: LIMITS });
  const of = tokenBy(operator, operator, 'operator', {
    type: 'operator',
    version: 2,
    system_account: system.getPublicKey(),
  });
  return {
    config: [
      `operator: ${of}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      'resolver_preload: {',
      `  ${system.getPublicKey()}: ${tokenBy(operator, system, 'system', { type: 'account', version: 2, limits: SYSTEM })}`,
      `  ${account.getPublicKey()}: ${tokenOf('fleet', account)}`,
      '}',
    ].join('\n'),
    credentials: ({ pub, sub }) => {
      const user = nkeys.createUser();
      const rights = { pub: { allow: pub }, sub: { allow: sub }, subs: NO_LIMIT, data: NO_LIMIT, payload: NO_LIMIT };
      const token = tokenBy(account, user, 'worker', { type: 'user', version: 2, ...rights });
      const seed = Buffer.from(user.getSeed()).toString('latin1');
      return [
        '-----BEGIN NATS USER JWT-----',
        token,
        '------END NATS USER JWT------',
        '',
        '-----BEGIN USER NKEY SEED-----',
        seed,
        '------END USER NKEY SEED------',
        '',
      ].join('\n');
    },
  };
}

/** Nothing is stored in the server's own account. */
const SYSTEM = { ...LIMITS, mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 };

function tokenBy(issuer: Pair, subject: Pair, name: string, nats: object): string {
  const claims = {
    jti: subject.getPublicKey(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats,
  };
  const signed = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims].map((part) => encoded(JSON.stringify(part))).join('.');
  return `${signed}.${encoded(issuer.sign(Buffer.from(signed)))}`;
}

function encoded(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
