/** By what need options and commands stand together, in `--help` and in the manual. An option that is new is named here. */

/** Headings, and the long flags below them, in this order. */
export const OPTION_GROUPS: Readonly<Record<string, readonly string[]>> = {
  'What to download': [
    'input-file',
    'input-format',
    'url-column',
    'name-column',
    'checksum-column',
    'keep-columns',
    'url-list',
  ],
  'Where files go, and their names': [
    'directory',
    'layout',
    'on-exists',
    'overwrite',
    'name',
    'force-directories',
    'content-disposition',
    'trust-server-names',
    'adjust-extension',
    'mtime',
    'dedupe',
    'shard-size',
    'caption-column',
  ],
  'How much at once': [
    'max-requests',
    'max_req',
    'max-requests-per-host',
    'rate',
    'rate-per-host',
    'wait-per-host',
    'limit-rate',
    'limit-rate-per-host',
  ],
  'What is told': [
    'dry-run',
    'quiet',
    'verbose',
    'color',
    'report',
    'events',
    'metadata',
    'dataset',
    'listen',
    'listen-token-file',
    'json',
    'html',
    'watch',
  ],
  'When something goes wrong': [
    'tries',
    'timeout',
    'connect-timeout',
    'max-time',
    'lowest-speed',
    'strict',
    'max-body-size',
  ],
  'What files have to be': ['image-check', 'checksums', 'compute-hash'],
  'What becomes of images': [
    'resize',
    'resize-mode',
    'only-shrink',
    'convert',
    'quality',
    'strip',
    'keep-original',
    'min-size',
    'max-pixels',
    'max-aspect-ratio',
  ],
  'Going on where it was stopped': ['update', 'journal', 'state', 'durable'],
  'What servers are told, and what they forbid': ['header', 'user-agent', 'respect-robots', 'respect-directives'],
  'Users, cookies and certificates': [
    'user',
    'netrc',
    'netrc-file',
    'cookie-file',
    'cacert',
    'cert',
    'key',
    'pass',
    'pass-file',
    'insecure',
  ],
  'The way to servers': ['proxy', 'no-proxy', 'noproxy', 'ipv4', 'ipv6', 'interface', 'http2'],
  'This machine': ['executor', 'workers', 'memory'],
};

/** The same of commands. */
export const COMMAND_GROUPS: Readonly<Record<string, readonly string[]>> = {
  Download: ['get', 'adopt', 'retry', 'verify'],
  'See what is there': ['status', 'export'],
  'On many machines': ['plan', 'work'],
  'Try and measure': ['flags', 'serve', 'bench'],
  'At home in the shell': ['completion'],
};

/** Of what is not named above. */
const OTHERS = 'Options';

/** The long flag: `max-requests` of `-m, --max-requests <N>`; of `--no-proxy` all of it, for there is a `--proxy`. */
export function longOf(flag: string): string {
  const [, name = flag] = /--([\w-]+)/.exec(flag) ?? [];
  return name === 'no-proxy' ? name : name.replace(/^no-/, '');
}

export function groupOf(flag: string): string {
  const name = longOf(flag);
  return Object.keys(OPTION_GROUPS).find((heading) => OPTION_GROUPS[heading]?.includes(name)) ?? OTHERS;
}

export function groupOfCommand(name: string): string {
  return Object.keys(COMMAND_GROUPS).find((heading) => COMMAND_GROUPS[heading]?.includes(name)) ?? 'Commands';
}

/** Flags in the order of their groups; those of none come first, for they are the command's own. */
export function inGroups<T extends { readonly flag: string }>(flags: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  const place = (flag: string): number => OPTION_GROUPS[groupOf(flag)]?.indexOf(longOf(flag)) ?? 0;
  for (const heading of [OTHERS, ...Object.keys(OPTION_GROUPS)]) {
    const its = flags.filter(({ flag }) => groupOf(flag) === heading);
    if (its.length > 0)
      groups.set(
        heading,
        its.toSorted((a, b) => place(a.flag) - place(b.flag)),
      );
  }
  return groups;
}
