/** The flag servers of the book's examples: one that answers at once, one that is slow, one that fails. */

import { randomInt } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { UsageError } from '../errors.js';
import { LOCAL_PORTS, type LocalLabel } from '../flags/sites.js';
import { type Choice, choices } from './choices.js';
import { loadFlags, type ServedFile } from './files.js';
import { addressesOf, listen, type Listening } from './listen.js';
import { SEEDS } from './random.js';

export interface ServerOptions {
  /** Name or address of this machine to listen on, on all its addresses. Default: `localhost`. */
  readonly host?: string;
  /** TCP port, 0 to 65535; 0 takes a free one. Default: 0. */
  readonly port?: number;
  /** How long a delayed answer waits, in milliseconds, 0 to 2^31 - 1. Default: 0. */
  readonly delayMs?: number;
  /** The share of the answers that are delayed, 0 to 1. Default: 1, all of them. */
  readonly delayRate?: number;
  /** The share of the requests that fail, 0 to 1: half of them with a 503, half by a reset. Default: 0. */
  readonly errorRate?: number;
  /** Decides which requests are delayed and fail, 0 to 2^32 - 1. Default: a random one, reported. */
  readonly seed?: number;
}

export interface RunningServer extends Listening {
  /** The seed in use. Requests draw from it in the order in which they arrive. */
  readonly seed: number;
}

/** The options of the book's three servers. */
export const PRESETS: Readonly<Record<LocalLabel, ServerOptions>> = {
  LOCAL: { port: LOCAL_PORTS.LOCAL },
  DELAY: { port: LOCAL_PORTS.DELAY, delayMs: 500 },
  ERROR: { port: LOCAL_PORTS.ERROR, delayMs: 500, delayRate: 0.5, errorRate: 0.25 },
};

// The longest that a timer of Node waits; a longer one fires at once.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Starts a server with the flags of 194 countries: `/flags/cc/cc.gif`, and `/flags/cc/metadata.json` with the
 * country's name. All else is a 404. GET and HEAD only; no ranges. What has not changed is a 304.
 *
 * @throws UsageError for an option out of bounds or a port that cannot be had
 * @throws SluiceError `INTERNAL` if the build has not made the flags
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host = 'localhost', port = 0, delayMs = 0, delayRate = 1, errorRate = 0 } = options;
  const seed = options.seed ?? randomInt(SEEDS);
  checkBounds('port', port, 65_535, true);
  checkBounds('delayMs', delayMs, LONGEST_DELAY_MS);
  checkBounds('delayRate', delayRate, 1);
  checkBounds('errorRate', errorRate, 1);
  checkBounds('seed', seed, SEEDS - 1, true);

  const files = await loadFlags();
  const nextChoice = choices({ delayRate, errorRate }, seed);

  const listening = await listen(
    (request, response) => {
      const { delayed, fate } = nextChoice();
      const answer = (): void => respond(files, fate, request, response);
      if (!delayed || delayMs === 0) return answer();
      const timer = setTimeout(answer, delayMs);
      // Else a client that has gone, or a server that is closed, would leave the timer behind.
      response.once('close', () => clearTimeout(timer));
    },
    await addressesOf(host),
    port,
  );
  return { ...listening, seed };
}

function checkBounds(option: string, value: number, max: number, whole = false): void {
  if (value >= 0 && value <= max && (!whole || Number.isInteger(value))) return;
  const kind = whole ? 'a whole number' : 'a number';
  throw new UsageError(`${option} ${value} is out of bounds`, `give ${kind} from 0 to ${max}`);
}

function respond(
  files: ReadonlyMap<string, ServedFile>,
  fate: Choice['fate'],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (fate === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  if (fate === 'unavailable') return say(response, 503);
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, { allow: 'GET, HEAD' });

  const path = request.url?.split('?', 1)[0] ?? '';
  const file = files.get(path);
  if (!file) return say(response, 404);
  if (isUnchanged(file, request)) {
    const { etag, 'last-modified': modified } = file.headers;
    response.writeHead(304, { etag, 'last-modified': modified }).end();
    return;
  }
  // Node leaves the body out of the answer to a HEAD; its length is still told (RFC 9110, section 8.6).
  response.writeHead(200, file.headers).end(file.body);
}

/** As RFC 9110, 13.2.2 has it: the time counts only where no tag is given. */
function isUnchanged({ headers }: ServedFile, request: IncomingMessage): boolean {
  const tags = request.headers['if-none-match'];
  if (tags !== undefined)
    return tags.split(',').some((tag) => ['*', headers.etag].includes(tag.trim().replace(/^W\//, '')));
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  return since >= Date.parse(headers['last-modified']);
}

const REASONS = { 404: 'Not Found', 405: 'Method Not Allowed', 503: 'Service Unavailable' } as const;

function say(response: ServerResponse, status: keyof typeof REASONS, headers: Record<string, string> = {}): void {
  const body = `${status} ${REASONS[status]}\n`;
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length, ...headers }).end(body);
}
