/** Who asks: what requests say of this program, and what servers call it in turn. */
import { homepage, version } from '../shared/version.js';

export const USER_AGENT = homepage === undefined ? `sluice/${version}` : `sluice/${version} (+${homepage})`;

/** What is sent, as far as items do not say otherwise. */
interface Sent {
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
  readonly userAgent: string | undefined;
}

/** The product of the User-Agent, without its version (RFC 9110, 10.1.5), in lower case: it is told by that name what to do. */
export function productToken({ headers, userAgent = USER_AGENT }: Sent): string {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'user-agent');
  const value = at === -1 ? userAgent : (headers[at + 1] as string);
  return (/^[^/\s]*/.exec(value.trim())?.[0] ?? '').toLowerCase();
}
