/** Large bodies that break off and can be gone on with, if the server lets them. */
import { crc32 } from 'node:zlib';
import { noise } from '../../helpers/bodies.js';
import { pause, RESET, type Step } from '../../helpers/raw-server.js';
import { chunk, imageOf } from '../answers.js';
import { CUT, type Kind } from './kind.js';

export const LARGE: readonly Kind[] = [
  {
    name: 'large',
    weight: 2,
    dear: true,
    draw: (draw, _name, settings) => {
      const size = draw.int(2_200_000, 3_200_000);
      const often = draw.pick([0, 1, 1, 2]);
      const at = draw.int(100_000, size - 1);
      const how = draw.pick(['serves ranges', 'serves ranges in chunks', 'serves no ranges', 'changes']);
      const version = (seed: number): Buffer =>
        settings.imageCheck === 'none' ? noise(size, seed) : imageOf(noise(size, seed));
      const before = version(1);
      const final = how === 'changes' && often > 0 ? version(2) : before;
      return {
        label: `${size} bytes with a tag, breaks off at ${at} ${often} times, ${how}`,
        bodies: [final],
        script: ({ nth, head }) => largeAnswer({ head, how, at }, nth <= often ? before : final, nth <= often),
        fates: ({ tries }, asked) => (Math.max(0, often - asked) < tries ? ['ok'] : CUT),
        // One more where what came was not the rest.
        steps: 2,
      };
    },
  },
];

interface LargeRequest {
  readonly head: string;
  readonly how: string;
  readonly at: number;
}

function largeAnswer({ head, how, at }: LargeRequest, body: Buffer, breaksOff: boolean): Iterable<Step> {
  const tag = `"${crc32(body)}"`;
  const from = Number(/^range: bytes=(\d+)-$/im.exec(head)?.[1] ?? 0);
  const isSame = /^if-range: (.*)$/im.exec(head)?.[1] === tag;
  const isRest = from > 0 && isSame && how !== 'serves no ranges';
  const bytes = isRest ? body.subarray(from) : body;
  const range = `Content-Range: bytes ${from}-${body.length - 1}/${body.length}\r\n`;
  const begin = `HTTP/1.1 ${isRest ? '206 Partial Content' : '200 OK'}\r\nETag: ${tag}\r\n${isRest ? range : ''}`;
  const sent = breaksOff ? bytes.subarray(0, Math.max(0, at - from)) : bytes;
  const isChunked = isRest && how === 'serves ranges in chunks';
  const headers = isChunked ? 'Transfer-Encoding: chunked\r\n\r\n' : `Content-Length: ${bytes.length}\r\n\r\n`;
  const first = [begin + headers, isChunked ? chunk(sent) : sent];
  if (breaksOff) return [...first, pause(20), RESET];
  return isChunked ? [...first, '0\r\n\r\n'] : first;
}
