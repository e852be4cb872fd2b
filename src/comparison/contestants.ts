/**
 * Who races: the built command, in the variants that a scenario asks for, and those of its peers that the machine has.
 * All get the same list and the same number of requests at once, and none reads its user's own settings.
 */
import { fileURLToPath } from 'node:url';
import { ASYNCIO, ASYNCIO_VERSIONS } from './asyncio.js';
import { findPrograms, outputOf, versionOf } from './programs.js';
import type { Scenario } from './scenarios.js';

/** What a contestant is to do. */
export interface Errand {
  /** A URL on each line. */
  readonly list: string;
  /** The same as a config file of curl's, which reads no lists. */
  readonly curlList: string;
  readonly destination: string;
  readonly requests: number;
}

export interface Contestant {
  readonly name: string;
  /** The most requests at once that it can be asked for, where there is such a bound. */
  readonly mostRequests?: number;
  command(errand: Errand): readonly string[];
}

export interface Peers {
  readonly found: readonly Contestant[];
  /** Each with its version, for people. */
  readonly versions: readonly string[];
  /** Each with the Debian package that brings it. */
  readonly missing: readonly { readonly name: string; readonly debian: string }[];
}

interface Peer {
  readonly name: string;
  readonly debian: string;
  find(): { readonly contestant: Contestant; readonly version: string } | undefined;
}

/** What all others are compared with. */
export const SLUICE = 'sluice';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));
/** What curl 7 and 8 fall back from, to 50. */
const CURL_MOST = 300;

const PEERS: readonly Peer[] = [
  tool('wget2', 'wget2', (program) => ({
    command: ({ list, destination, requests }) => [
      program,
      '--no-config',
      '--no-hsts',
      '--quiet',
      `--max-threads=${requests}`,
      `--directory-prefix=${destination}`,
      `--input-file=${list}`,
    ],
  })),
  tool('curl', 'curl', (program) => ({
    mostRequests: CURL_MOST,
    command: ({ curlList, destination, requests }) => [
      program,
      '--disable',
      '--silent',
      '--show-error',
      '--parallel',
      '--parallel-max',
      String(Math.min(requests, CURL_MOST)),
      '--remote-name-all',
      '--output-dir',
      destination,
      '--config',
      curlList,
    ],
  })),
  tool('aria2c', 'aria2', (program) => ({
    command: ({ list, destination, requests }) => [
      program,
      '--no-conf',
      '--quiet',
      `--max-concurrent-downloads=${requests}`,
      '--split=1',
      '--file-allocation=none',
      `--dir=${destination}`,
      `--input-file=${list}`,
    ],
  })),
  { name: 'aiohttp', debian: 'python3-aiohttp', find: findAsyncio },
];

/** Raced only where the storage is what holds all up. */
const LAYOUTS = ['hashed', 'tar'];

export const CONTESTANT_NAMES: readonly string[] = [
  ...sluices({ storage: 'slow' }).map(({ name }) => name),
  ...PEERS.map(({ name }) => name),
];

function tool(name: string, debian: string, how: (program: string) => Omit<Contestant, 'name'>): Peer {
  return {
    name,
    debian,
    find: () => {
      const [program] = findPrograms(name);
      return program === undefined
        ? undefined
        : { contestant: { name, ...how(program) }, version: `${name} ${versionOf(program)}` };
    },
  };
}

/** There may be several Pythons, and the first on the path need not be the one that has the library. */
function findAsyncio(): ReturnType<Peer['find']> {
  for (const candidate of findPrograms('python3')) {
    const answer = outputOf(candidate, ['-c', ASYNCIO_VERSIONS])?.trim();
    const [, aiohttp, python, program] = /^(\S+) (\S+) (.+)$/.exec(answer ?? '') ?? [];
    if (program === undefined) continue;
    const command: Contestant['command'] = ({ list, destination, requests }) => [
      program,
      '-c',
      ASYNCIO,
      list,
      destination,
      String(requests),
    ];
    return { contestant: { name: 'aiohttp', command }, version: `aiohttp ${aiohttp} on Python ${python}` };
  }
  return undefined;
}

/** @param names of those that are asked for */
export function findPeers(names: ReadonlySet<string>): Peers {
  const wanted = PEERS.filter(({ name }) => names.has(name)).map((peer) => ({ peer, found: peer.find() }));
  return {
    found: wanted.flatMap(({ found }) => found?.contestant ?? []),
    versions: wanted.flatMap(({ found }) => found?.version ?? []),
    missing: wanted.flatMap(({ peer: { name, debian }, found }) => (found === undefined ? { name, debian } : [])),
  };
}

/** The variants of sluice that a scenario asks for; the first is the one that all others are compared with. */
export function sluices({ storage }: Pick<Scenario, 'storage'>): Contestant[] {
  return [
    sluice(SLUICE),
    sluice(`${SLUICE}-inline`, '--executor', 'inline'),
    ...(storage === 'slow' ? LAYOUTS.map((layout) => sluice(`${SLUICE}-${layout}`, '--layout', layout)) : []),
  ];
}

function sluice(name: string, ...options: readonly string[]): Contestant {
  return {
    name,
    command: ({ list, destination, requests }) => [
      process.execPath,
      CLI,
      'get',
      '--quiet',
      '--input-file',
      list,
      '--directory',
      destination,
      '--max-requests',
      String(requests),
      ...options,
    ],
  };
}
