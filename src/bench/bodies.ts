/** The bodies that the embedded server serves, all made before it starts: nothing is made while it is measured. */
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { UsageError } from '../errors.js';
import { ALL_CODES } from '../flags/codes.js';
import { parseSize } from '../options/kinds.js';
import { loadFlags } from '../server/files.js';
import { noise, text } from './server/contents.js';
import type { Bodies, Encoding, ServerSettings } from './report.js';

/** Bytes of the largest body. */
const LARGEST = 2 ** 40;
/** Of the largest that is encoded: those are held as they are sent. */
const LARGEST_ENCODED = 16 << 20;
/** Different bodies at the most. */
const DIFFERENT = 256;
/** Bytes of all that are encoded, before it, about: it takes a second at the most. */
const ENCODED = 16 << 20;
/** Bytes up to which head and body are sent as one: 256 of them stay within 16 MiB. */
const JOINED = 64 << 10;
/** Of each body, how far its size lies from the last one's: with this no few bodies in a row are much alike in size. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * What `--body-size` says: `flags`, a size such as `64KiB`, or a range such as `1KiB..1MiB`.
 *
 * @throws UsageError
 */
export function parseBodies(said: string): Bodies {
  if (said === 'flags') return { kind: 'flags' };
  const [first = '', second, ...more] = said.split('..');
  if (more.length > 0) throw new UsageError(`--body-size ${said} is no range`, 'write it as 1KiB..1MiB');
  const bodies: Bodies =
    second === undefined
      ? { kind: 'fixed', size: parseSize('body-size', first, 1) }
      : { kind: 'range', least: parseSize('body-size', first, 1), most: parseSize('body-size', second, 1) };
  checkBodies(bodies);
  return bodies;
}

/** @throws UsageError */
export function checkBodies(bodies: Bodies, encoding: Encoding = 'identity'): void {
  if (bodies.kind === 'flags') return;
  const { least, most } = boundsOf(bodies);
  for (const size of [least, most]) {
    if (Number.isInteger(size) && size >= 1 && size <= LARGEST) continue;
    throw new UsageError(`--body-size ${size} is out of bounds`, 'give sizes from 1 byte to 1TiB');
  }
  if (least > most) {
    throw new UsageError(`--body-size ${least}..${most} is no range`, 'give the least first: 1KiB..1MiB');
  }
  if (encoding !== 'identity' && most > LARGEST_ENCODED) {
    throw new UsageError(
      `--body-size ${most} is too large for --content-encoding ${encoding}`,
      'give at most 16MiB, or --content-encoding identity',
    );
  }
}

function boundsOf(bodies: Exclude<Bodies, { kind: 'flags' }>): { least: number; most: number } {
  return bodies.kind === 'fixed' ? { least: bodies.size, most: bodies.size } : bodies;
}

/** Its file's name, and its path on the server after the slash. */
export function bodyName({ kind }: Bodies, index: number): string {
  return `${String(index).padStart(6, '0')}${kind === 'flags' ? '.gif' : '.bin'}`;
}

/** One body, with the head of the answer that carries it. */
export class Body {
  readonly head: Buffer;
  /** Bytes as they are sent, encoded. */
  readonly size: number;
  /** Head and body in one, if they are small. */
  readonly joined: Buffer | undefined;
  /** Shared with others; it begins anew after its end. */
  readonly #material: Buffer;
  readonly #offset: number;

  constructor(material: Buffer, offset: number, size: number, headers: Readonly<Record<string, string>>) {
    this.#material = material;
    this.#offset = offset % material.length;
    this.size = size;
    const lines = Object.entries({ ...headers, 'content-length': String(size) });
    this.head = Buffer.from(`HTTP/1.1 200 OK\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n`);
    this.joined = size <= JOINED ? Buffer.concat([this.head, ...this.#pieces()]) : undefined;
  }

  /** What comes at a place of the body: as many bytes as lie side by side, `most` at the most. */
  piece(from: number, most = Infinity): Buffer {
    const start = (this.#offset + from) % this.#material.length;
    return this.#material.subarray(start, Math.min(start + Math.min(most, this.size - from), this.#material.length));
  }

  whole(): Buffer {
    return Buffer.concat([...this.#pieces()]);
  }

  *#pieces(): Generator<Buffer> {
    for (let at = 0; at < this.size;) {
      const piece = this.piece(at);
      yield piece;
      at += piece.length;
    }
  }
}

/** @returns the body for a path, without the query; undefined for a path that is none of an item's */
export async function makeBodies(settings: ServerSettings): Promise<(path: string) => Body | undefined> {
  const plain = await makePlain(settings);
  const bodies = plain.map((one) => encode(one, settings.encoding));
  const names = settings.bodies.kind === 'flags' ? /^\/\d{6,15}\.gif$/ : /^\/\d{6,15}\.bin$/;
  return (path) => (names.test(path) ? bodies[Number(path.slice(1, -4)) % bodies.length] : undefined);
}

interface Plain {
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
}

async function makePlain(settings: ServerSettings): Promise<Plain[]> {
  const { bodies, encoding, seed } = settings;
  if (bodies.kind === 'flags') {
    const files = await loadFlags();
    return ALL_CODES.map((code) => {
      const cc = code.toLowerCase();
      const file = files.get(`/flags/${cc}/${cc}.gif`);
      if (file === undefined) throw new RangeError(`no flag ${cc}`);
      return { body: new Body(file.body, 0, file.body.length, file.headers), headers: file.headers };
    });
  }
  const sizes = sizesOf(boundsOf(bodies), seed, encoding === 'identity' ? Infinity : ENCODED);
  const sum = sizes.reduce((total, size) => total + size, 0);
  const material = encoding === 'identity' ? noise(sum, seed) : text(sum, seed);
  let offset = 0;
  return sizes.map((size, number) => {
    const headers = { 'content-type': 'application/octet-stream', etag: `"${seed.toString(36)}-${number}"` };
    const body = new Body(material, offset, size, headers);
    offset += size;
    return { body, headers };
  });
}

/** Bytes of the flags on average. */
const MEAN_FLAG = 4_000;

/** Bytes of a body on average, before any encoding. */
export function meanSize(bodies: Bodies): number {
  return bodies.kind === 'flags' ? MEAN_FLAG : meanOf(boundsOf(bodies));
}

/** Of sizes whose logarithms are spread evenly. */
function meanOf({ least, most }: { least: number; most: number }): number {
  return most === least ? most : (most - least) / Math.log(most / least);
}

/** As many of each order of magnitude, also of any few in a row. */
function sizesOf({ least, most }: { least: number; most: number }, seed: number, room: number): number[] {
  const ratio = most / least;
  const count = Math.max(1, Math.min(DIFFERENT, Math.floor(room / meanOf({ least, most }))));
  return Array.from({ length: count }, (_, number) =>
    Math.round(least * ratio ** (((seed % 1000) / 1000 + number * GOLDEN) % 1)),
  );
}

const ENCODE: Readonly<Record<Exclude<Encoding, 'identity'>, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  // As servers do that compress while they answer: the best quality takes a hundred times as long.
  br: (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
};

function encode({ body, headers }: Plain, encoding: Encoding): Body {
  if (encoding === 'identity') return body;
  const encoded = ENCODE[encoding](body.whole());
  // Another representation, another tag (RFC 9110, 8.8.3.3).
  const etag = `${headers['etag']?.slice(0, -1)}-${encoding}"`;
  return new Body(encoded, 0, encoded.length, { ...headers, etag, 'content-encoding': encoding });
}
