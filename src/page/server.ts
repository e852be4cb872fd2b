/** The HTTP server of a page: what it answers, and how little it lets anybody take of the run. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenWith, type Listening } from '../server/listen.js';
import { shareFiles } from '../shared/file-limit.js';
import type { PageAddress } from './address.js';
import { Guard, type Refusal } from './guard.js';

/** What is told when it is asked for. */
export interface Answer {
  readonly type: string;
  /** Undefined for one that has no end: {@link Answer.attach} sends it. */
  readonly text?: string;
  readonly policy?: string;
  /** Takes over the answer, whose headers are sent; undefined where there is no room for one more. */
  readonly attach?: ((response: ServerResponse) => void) | undefined;
}

/** By path; undefined as long as there is nothing to tell. */
export type Routes = Readonly<Record<string, () => Answer | undefined>>;

/** Connections at once, and of how many open files they may be one. */
const MOST_CONNECTIONS = 64;
const SHARE_OF_FILES = 16;
const LEAST_CONNECTIONS = 4;
/** Bytes of a request. */
const MOST_HEADERS = 8 << 10;
/** Milliseconds for a request, for the next one on its connection, and in which some of an answer has to be taken. */
const REQUEST_TIMEOUT = 5_000;
const IDLE_TIMEOUT = 5_000;
const STALLED_TIMEOUT = 30_000;

const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const EARLY: Refusal = { status: 503, text: 'the run has not begun', headers: { 'retry-after': '1' } };
const BUSY: Refusal = { status: 503, text: 'others read already', headers: { 'retry-after': '10' } };

/** @throws UsageError where it cannot listen there */
export function serve(address: PageAddress, token: string | undefined, routes: Routes): Promise<Listening> {
  const guard = new Guard(address.host, token);
  const { limit } = shareFiles();
  const connections = Math.max(LEAST_CONNECTIONS, Math.min(MOST_CONNECTIONS, Math.floor(limit / SHARE_OF_FILES)));
  return listenWith(() => createOne(guard, routes, connections), address.addresses, address.port);
}

function createOne(guard: Guard, routes: Routes, connections: number): Server {
  const server = createServer(
    {
      maxHeaderSize: MOST_HEADERS,
      requestTimeout: REQUEST_TIMEOUT,
      headersTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: IDLE_TIMEOUT,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => answer(guard, routes, request, response),
  );
  server.maxConnections = connections;
  server.timeout = STALLED_TIMEOUT;
  // A run that comes to a standstill is noticed by that nothing is left that could wake the process: no reader can.
  server.on('connection', (socket) => socket.unref());
  return server.unref();
}

function answer(guard: Guard, routes: Routes, request: IncomingMessage, response: ServerResponse): void {
  const refusal = guard.refusal(request);
  if (refusal !== undefined) {
    refuse(response, refusal, request.method);
    return;
  }
  const [path = ''] = (request.url ?? '').split('?', 1);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    refuse(response, { status: 404, text: `there are ${Object.keys(routes).join(' ')}` }, request.method);
    return;
  }
  const isHead = request.method === 'HEAD';
  const told = route();
  if (told === undefined || (told.text === undefined && told.attach === undefined)) {
    refuse(response, told === undefined ? EARLY : BUSY, request.method);
    return;
  }
  const { type, text, policy = NOTHING, attach } = told;
  response.writeHead(200, {
    ...COMMON,
    'content-type': type,
    'content-security-policy': policy,
    ...(text !== undefined && { 'content-length': Buffer.byteLength(text) }),
  });
  if (isHead || attach === undefined) response.end(isHead ? undefined : text);
  else attach(response);
}

const COMMON = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** And nothing more of it is read. */
function refuse(response: ServerResponse, { status, text, headers }: Refusal, method: string | undefined): void {
  const type = { 'content-type': 'text/plain; charset=utf-8', 'content-security-policy': NOTHING };
  response.writeHead(status, { ...COMMON, ...type, ...headers, connection: 'close' });
  response.end(method === 'HEAD' ? undefined : `${text}\n`);
}
