/** The address that `--interface` says. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { UsageError } from '../errors.js';
import { printable } from '../shared/printable.js';

export interface LocalAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * @param name an address, or a device, of which IPv4 is taken first
 * @throws UsageError for what this machine has not
 */
export function addressOf(name: string, ipv6: boolean, devices = networkInterfaces()): LocalAddress {
  const all = Object.entries(devices).flatMap(([device, its = []]) =>
    its.map(
      ({ address, family, scopeid }) => ({ device, address, family: family === 'IPv6' ? 6 : 4, scopeid }) as const,
    ),
  );
  const given = isIP(name);
  const first = all
    .filter(({ device, address }) => (given === 0 ? device === name : isSame(address, name)))
    // One of the link alone does not lead far.
    .toSorted((one, other) => one.family - other.family || Number(isOfLink(one)) - Number(isOfLink(other)))
    .find(({ family }) => !ipv6 || family === 6);
  if (first !== undefined) return { address: first.address, family: first.family };
  const there = [...new Set(all.flatMap(({ device, address }) => [device, address]))].join(', ');
  const what = ipv6 ? 'no address of IPv6 here' : 'no network device and no address of this machine';
  throw new UsageError(`--interface ${printable(name)} is ${what}`, `there are ${there}`);
}

function isOfLink({ scopeid }: { readonly scopeid: number | undefined }): boolean {
  return scopeid !== undefined && scopeid !== 0;
}

function isSame(one: string, other: string): boolean {
  if (isIP(other) !== 6 || isIP(one) !== 6) return one === other;
  return new URL(`http://[${one}]`).host === new URL(`http://[${other}]`).host;
}
