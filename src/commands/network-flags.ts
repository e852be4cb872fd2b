/** The flags that say how servers are reached, and what other programs call them. */
import type { DownloadOptions } from '../options/resolve.js';
import { type Flag, flagOf, type Values } from '../options/flags.js';
import { UsageError } from '../errors.js';

/** By what they are called among the values. */
const ALIASES: readonly (Flag & { readonly value: string; readonly option: keyof DownloadOptions })[] = [
  { flag: '--all-proxy <URL>', value: 'allProxy', option: 'proxy', help: "aria2's" },
  { flag: '--load-cookies <FILE>', value: 'loadCookies', option: 'cookieFile', help: "wget's and aria2's" },
  { flag: '--ca-certificate <FILE>', value: 'caCertificate', option: 'cacert', help: "wget's and aria2's" },
  { flag: '--certificate <FILE>', value: 'certificate', option: 'cert', help: "wget's and aria2's" },
  { flag: '--private-key <FILE>', value: 'privateKey', option: 'key', help: "wget's and aria2's" },
  { flag: '--no-check-certificate', value: 'checkCertificate', option: 'insecure', help: "wget's" },
  { flag: '--inet4-only', value: 'inet4Only', option: 'ipv4', help: "wget's" },
  { flag: '--inet6-only', value: 'inet6Only', option: 'ipv6', help: "wget's" },
  { flag: '--bind-address <NAME>', value: 'bindAddress', option: 'interface', help: "wget's" },
];

export const NETWORK_FLAGS: readonly Flag[] = [
  flagOf('connectTimeout'),
  flagOf('proxy'),
  { flag: '--no-proxy', help: 'ask servers directly, whatever the environment says; as wget has it' },
  flagOf('noproxy'),
  flagOf('user'),
  flagOf('netrc'),
  flagOf('netrcFile'),
  flagOf('cookieFile'),
  flagOf('cacert'),
  flagOf('cert'),
  flagOf('key'),
  flagOf('pass'),
  flagOf('passFile'),
  flagOf('insecure'),
  flagOf('ipv4'),
  flagOf('ipv6'),
  flagOf('interface'),
  flagOf('http2'),
  ...ALIASES.map(({ flag, help }) => ({ flag, help, hidden: true })),
];

/** What the aliases say, and that the environment counts. @throws UsageError where that is not what another flag says */
export function networkOptionsOf(values: Values): DownloadOptions {
  const options: Record<string, unknown> = { proxyFromEnvironment: true };
  for (const { flag, value, option } of ALIASES) {
    // A switch that begins with `no` is on unless it is given.
    const given = values[value];
    if (given === undefined || (value === 'checkCertificate' && given === true)) continue;
    const said = values[option];
    if (said !== undefined && said !== given && value !== 'checkCertificate') {
      throw new UsageError(
        `${flag.replace(/ .*/, '')} says something else than the option that it stands for`,
        'give one of them',
      );
    }
    options[option] = value === 'checkCertificate' ? true : given;
  }
  return options;
}
