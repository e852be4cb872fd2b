/** What the environment asks for that nobody may overlook: certificates that are not checked, proxies that are not used. */
import { printable, withoutPassword } from '../shared/printable.js';

const PROXIES = ['http_proxy', 'https_proxy', 'all_proxy'];

/** Node obeys this variable for every connection; its own warning can be turned off with others. */
export function describeUnchecked(env: NodeJS.ProcessEnv, insecure = false): string | undefined {
  const isUnset = env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0';
  if (isUnset && !insecure) return undefined;
  const because = insecure ? '--insecure says so' : 'NODE_TLS_REJECT_UNAUTHORIZED is 0';
  return `*** Warning: certificates are not checked, because ${because}: anybody on the way can read and change what is downloaded.`;
}

/** The proxies that curl or wget would use, of what does not use them, without their passwords. */
export function describeProxies(env: NodeJS.ProcessEnv): string | undefined {
  const value = (name: string): string => env[name] || env[name.toUpperCase()] || '';
  if (value('no_proxy') === '*') return undefined;
  const proxies = PROXIES.filter((name) => value(name) !== '').map(
    (name) => `${name}=${printable(withoutPassword(value(name)))}`,
  );
  if (proxies.length === 0) return undefined;
  return `*** Warning: proxies of the environment are not used, servers are asked directly: ${proxies.join(', ')}.`;
}
