/** Answers of servers that are as they should be, in all the ways in which HTTP has them. */
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { noise, text, TINY_GIF } from '../helpers/bodies.js';
import { answer, END, pause, type Step } from '../helpers/raw-server.js';
import type { Draw } from './draw.js';

export const OK = 'HTTP/1.1 200 OK\r\n';

/** A body, and a way to send it. */
export interface Answer {
  /** For people. */
  readonly label: string;
  /** What is to be in the file. */
  readonly body: Buffer;
  readonly script: () => Iterable<Step>;
}

/** At their best they would take most of the time of a run. */
export const CODINGS = {
  gzip: (bytes: Uint8Array): Buffer => gzipSync(bytes, { level: 1 }),
  deflate: (bytes: Uint8Array): Buffer => deflateSync(bytes, { level: 1 }),
  br: (bytes: Uint8Array): Buffer => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
} as const;

/**
 * One that a client has to take as it is.
 *
 * @param images whether the body is to be one
 */
export function drawAnswer(draw: Draw, images: boolean): Answer {
  const size = drawSize(draw);
  const coding = draw.chance(0.3) ? draw.pick(['gzip', 'br', 'deflate'] as const) : undefined;
  const filling = (coding === undefined ? noise : text)(size, draw.int(0, 1e6));
  const body = images ? imageOf(filling) : filling;
  const bytes = coding === undefined ? body : CODINGS[coding](body);
  const headers = coding === undefined ? '' : `Content-Encoding: ${coding}\r\n`;
  const { weight: _, ...framing } = draw.weighted(FRAMINGS);
  const label = `${framing.label}${coding === undefined ? '' : `, ${coding}`}, ${size} bytes`;
  return { label, body, script: () => framing.frame(bytes, headers) };
}

/** Most are small, some are empty, and some are too large to be held whole. */
export function drawSize(draw: Draw): number {
  if (draw.chance(0.05)) return 0;
  return draw.chance(0.06) ? draw.int(100_000, 600_000) : draw.int(1, 20_000);
}

/** A whole image that holds these bytes, as a comment before its first frame (GIF89a, 24). */
export function imageOf(bytes: Buffer): Buffer {
  const blocks: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; from += 255) {
    const block = bytes.subarray(from, from + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  const frames = TINY_GIF.indexOf(Buffer.from([0x21, 0xf9]));
  const comment = Buffer.concat([Buffer.from([0x21, 0xfe]), ...blocks, Buffer.from([0])]);
  return Buffer.concat([TINY_GIF.subarray(0, frames), comment, TINY_GIF.subarray(frames)]);
}

const FRAMINGS: readonly {
  weight: number;
  label: string;
  frame: (bytes: Buffer, headers: string) => Iterable<Step>;
}[] = [
  { weight: 10, label: 'length', frame: (bytes, headers) => [answer(bytes, headers)] },
  { weight: 4, label: 'chunks', frame: (bytes, headers) => chunked(bytes, headers) },
  {
    weight: 2,
    label: 'length, closes',
    frame: (bytes, headers) => [answer(bytes, `${headers}Connection: close\r\n`), END],
  },
  // The next request may be on its way already.
  { weight: 2, label: 'length, closes and does not say so', frame: (bytes, headers) => [answer(bytes, headers), END] },
  { weight: 3, label: 'length, in pieces', frame: (bytes, headers) => inPieces(bytes, headers) },
];

function chunked(bytes: Buffer, headers: string): Step[] {
  const steps: Step[] = [`${OK}Transfer-Encoding: chunked\r\n${headers}\r\n`];
  const size = Math.max(1, Math.ceil(bytes.length / 3));
  for (let from = 0; from < bytes.length; from += size) steps.push(chunk(bytes.subarray(from, from + size)));
  return [...steps, '0\r\n\r\n'];
}

/** No bytes are no chunk: one of size 0 would end the body. */
export function chunk(bytes: Uint8Array): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

function* inPieces(bytes: Buffer, headers: string): Generator<Step> {
  const whole = answer(bytes, headers);
  const size = Math.ceil(whole.length / 4);
  for (let from = 0; from < whole.length; from += size) {
    if (from > 0) yield pause(15);
    yield whole.subarray(from, from + size);
  }
}
