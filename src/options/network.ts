/** The options that say how servers are reached and who is asking, and what does not go together. */
import { UsageError } from '../errors.js';
import type { OptionName } from './table.js';

export const NETWORK = [
  'connectTimeout',
  'proxy',
  'noproxy',
  'proxyFromEnvironment',
  'user',
  'netrc',
  'netrcFile',
  'cookieFile',
  'cacert',
  'cert',
  'key',
  'pass',
  'passFile',
  'insecure',
  'ipv4',
  'ipv6',
  'interface',
  'http2',
] as const satisfies readonly OptionName[];

export type NetworkOption = (typeof NETWORK)[number];

/** @throws UsageError */
export function checkNetwork(given: { readonly [O in NetworkOption]: unknown }): void {
  const conflict = (one: string, other: string, hint: string): never => {
    throw new UsageError(`${one} does not go with ${other}`, hint);
  };
  if (given.ipv4 === true && given.ipv6 === true) conflict('--ipv4', '--ipv6', 'give one of them, or none for both');
  if (given.insecure === true && given.cacert !== undefined) {
    conflict('--insecure', '--cacert', 'leave --insecure out: the authority is trusted, and certificates are checked');
  }
  if (given.key !== undefined && given.cert === undefined) {
    throw new UsageError('--key has no --cert that it belongs to', 'name the certificate with --cert');
  }
  const pass = given.pass !== undefined ? '--pass' : given.passFile !== undefined ? '--pass-file' : undefined;
  if (pass !== undefined && given.cert === undefined) {
    throw new UsageError(`${pass} has no --cert whose key it is for`, 'name the certificate with --cert');
  }
  if (given.pass !== undefined && given.passFile !== undefined) conflict('--pass', '--pass-file', 'give one of them');
  if (given.netrc === true && given.netrcFile !== undefined) {
    conflict('--netrc', '--netrc-file', 'give one of them: --netrc reads ~/.netrc');
  }
}
