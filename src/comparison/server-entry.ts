/** The process of `startNode`: serves the files of a folder after a delay. Arguments: FOLDER MILLISECONDS. */
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { listen } from '../server/listen.js';

/** Bytes up to which a file is served from memory. */
const HELD = 1 << 20;

const [folder = '.', delay = '0'] = process.argv.slice(2);

interface Served {
  readonly path: string;
  readonly size: number;
  readonly held: Buffer | undefined;
}

const bodies: ReadonlyMap<string, Served> = new Map(
  readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const { size } = statSync(path);
    return [`/${name}`, { path, size, held: size <= HELD ? readFileSync(path) : undefined }] as const;
  }),
);

function answer(path: string, response: ServerResponse): void {
  const body = bodies.get(path);
  if (body === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.size });
  // Whoever goes away in the middle of a body does not want it any more.
  if (body.held === undefined)
    pipeline(createReadStream(body.path, { highWaterMark: HELD }), response, () => undefined);
  else response.end(body.held);
}

process.once('disconnect', () => process.exit());
const { port } = await listen(
  ({ url = '' }, response) => {
    if (Number(delay) === 0) answer(url, response);
    else setTimeout(answer, Number(delay), url, response);
  },
  ['127.0.0.1'],
  0,
);
process.send?.(port);
