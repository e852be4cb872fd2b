/** Bodies that come whole, or that lie about their end, their coding or what they are. */
import { noise, text } from '../../helpers/bodies.js';
import { answer, END, pause, RESET, type Step } from '../../helpers/raw-server.js';
import { CODINGS, imageOf, OK } from '../answers.js';
import type { Draw } from '../draw.js';
import type { Settings } from '../settings.js';
import { always, failing, type Fate, good, type Kind, times } from './kind.js';

/** A body without a coding. */
export function plain(draw: Draw, { imageCheck }: Settings): Buffer {
  const bytes = noise(draw.int(100, 9_000), draw.int(0, 1e6));
  return imageCheck === 'none' ? bytes : imageOf(bytes);
}

/** All is as it should be. */
export const GOOD: Kind = {
  name: 'good',
  weight: 0,
  draw: (draw, _name, settings) => {
    const { label, body, script } = good(draw, settings);
    return { label, bodies: [body], script, fates: () => ['ok'] };
  },
};

export const BODIES: readonly Kind[] = [
  {
    name: 'slow',
    weight: 4,
    draw: (draw, _name, settings) => {
      const { body } = good(draw, settings);
      const [count, wait] = [draw.int(2, 12), draw.int(10, 60)];
      const size = Math.ceil(body.length / count) || 1;
      const script = function* (): Generator<Step> {
        yield pause(wait);
        yield `${OK}Content-Length: ${body.length}\r\n\r\n`;
        for (let from = 0; from < body.length; from += size) {
          yield pause(wait);
          yield body.subarray(from, from + size);
        }
      };
      return { label: `${count} pieces, ${wait} ms apart`, bodies: [body], script, fates: () => ['ok'] };
    },
  },
  {
    name: 'cut coding',
    weight: 4,
    draw: (draw, _name, settings) => {
      const coding = draw.pick(['gzip', 'br'] as const);
      const whole = CODINGS[coding](text(draw.int(2_000, 90_000), 1));
      const bytes = whole.subarray(0, draw.int(1, whole.length - 1));
      const headers = `Content-Encoding: ${coding}\r\n`;
      const script: readonly Step[] = draw.chance(0.5)
        ? [answer(bytes, headers)]
        : [`${OK}${headers}Connection: close\r\n\r\n`, bytes, END];
      return failing(`cut ${coding}`, times(draw), ['BODY_CUT'], good(draw, settings), () => script);
    },
  },
  {
    name: 'broken coding',
    weight: 2,
    draw: (draw) => {
      const coding = draw.pick(['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip, gzip']);
      const bytes = Buffer.alloc(draw.int(20, 3_000), 0xff);
      return always(`what is no ${coding}`, ['BODY_ENCODING'], () => [
        answer(bytes, `Content-Encoding: ${coding}\r\n`),
      ]);
    },
  },
  {
    name: 'ends with the connection',
    weight: 4,
    draw: (draw, _name, settings) => {
      const body = plain(draw, settings);
      const script = (): Iterable<Step> => [`${OK}Connection: close\r\n\r\n`, body, END];
      const fates = ({ strict }: Settings): Fate[] => (strict ? ['BODY_UNPROVEN'] : ['unproven']);
      return { label: 'no length', bodies: [body], script, fates };
    },
  },
  {
    name: 'reset in place of its end',
    weight: 2,
    draw: (draw, _name, settings) => {
      const body = plain(draw, settings);
      const script = (): Iterable<Step> => [`${OK}\r\n`, body.subarray(0, body.length / 2), pause(10), RESET];
      // Node does not always tell a reset from an end.
      const unseen = settings.imageCheck === 'none' ? 'unproven' : 'BODY_IMAGE';
      const fates = ({ strict }: Settings): Fate[] => (strict ? ['BODY_UNPROVEN'] : [unseen, 'NET_RESET']);
      return { label: 'no length, and a reset', bodies: [body], mayBeCut: true, script, fates };
    },
  },
  {
    name: 'longer than it says',
    weight: 2,
    draw: (draw, _name, settings) => {
      const body = plain(draw, settings);
      const later = draw.chance(0.5);
      const more = noise(draw.int(1, 500), 3);
      const script = (): Iterable<Step> =>
        later ? [answer(body), pause(5), more] : [Buffer.concat([answer(body), more])];
      // What comes later may come too late to be seen.
      const fates = ({ strict }: Settings): Fate[] => (strict ? ['ok', 'BODY_EXCESS'] : ['ok']);
      return {
        label: 'more than its length',
        bodies: [body],
        saysMore: later,
        script,
        fates,
      };
    },
  },
  {
    name: 'cut image',
    weight: 8,
    fits: ({ imageCheck }) => imageCheck !== 'none',
    draw: (draw) => {
      const whole = imageOf(noise(draw.int(0, 9_000), 1));
      return always('a cut image', ['BODY_IMAGE'], () => [answer(whole.subarray(0, -draw.int(2, 20)))]);
    },
  },
];
