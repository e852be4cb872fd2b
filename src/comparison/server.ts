/** Who serves the corpus: nginx where it is there, since nobody doubts that it is fast enough; else Node. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../errors.js';
import { isListening } from '../server/thread.js';
import { findPrograms, versionOf } from './programs.js';

/** Where the compiled entry lies. */
const ENTRY = fileURLToPath(new URL('./server-entry.js', import.meta.url));
const HOST = '127.0.0.1';
/** Milliseconds between two looks whether nginx accepts connections. */
const LOOK = 20;

export interface Server {
  /** Without a slash at the end. */
  readonly base: string;
  /** For people: which server it is. */
  readonly title: string;
  stop(): Promise<void>;
}

export function findNginx(): string | undefined {
  return findPrograms('nginx')[0];
}

/** A Node server in a process of its own, which ends with this one, however this one ends. */
export async function startNode(folder: string, delay: number): Promise<Server> {
  const child = fork(ENTRY, [folder, String(delay)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const answer = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)]);
  if (answer === undefined) throw failed('the Node server', 'its complaint is above');
  const [port] = answer as [number];
  const title = delay === 0 ? 'a Node server' : `a Node server that answers after ${delay} ms`;
  return { base: `http://${HOST}:${port}`, title, stop: () => stop(child) };
}

/** @param work a folder for all that nginx writes; what it serves lies elsewhere */
export async function startNginx(program: string, folder: string, work: string): Promise<Server> {
  mkdirSync(work);
  const port = await freePort();
  const config = join(work, 'nginx.conf');
  writeFileSync(config, configuration(folder, work, port));
  const child = spawn(program, ['-p', `${work}/`, '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const closed = once(child, 'close');
  // A program that cannot even be started is told of by the next line.
  closed.catch(() => undefined);
  await once(child, 'spawn');
  while (!(await isListening(port))) {
    if (hasEnded(child)) {
      // Its complaint is whole only now.
      await closed;
      throw failed('nginx', complaint.trim());
    }
    await sleep(LOOK);
  }
  return { base: `http://${HOST}:${port}`, title: `nginx ${versionOf(program, '-v')}`, stop: () => stop(child) };
}

/** No path but those of this run: an nginx that serves other things here is left alone. */
function configuration(folder: string, work: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${quoted(join(work, kind))};`)
    .join('\n  ');
  return `daemon off;
${owner()}worker_processes 2;
worker_rlimit_nofile 20000;
pid ${quoted(join(work, 'nginx.pid'))};
error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 10000000;
  open_file_cache max=8000;
  default_type application/octet-stream;
  ${temporary}
  server { listen ${HOST}:${port} backlog=8192; root ${quoted(folder)}; }
}
`;
}

/** The administrator's nginx would give up its rights to somebody who may not read here; that of others keeps its own. */
function owner(): string {
  const { uid, gid, username } = userInfo();
  return uid === 0 ? `user ${username}${gid === 0 ? ` ${username}` : ''};\n` : '';
}

function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill();
  await once(child, 'exit');
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function failed(what: string, why: string): SluiceError {
  return new SluiceError('NET_OTHER', `${what} did not start`, { hint: why });
}
