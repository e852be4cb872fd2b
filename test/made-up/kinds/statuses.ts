/** Servers that answer with another status than 200, before they give the body or in its place. */
import { answer, pause, type Step } from '../../helpers/raw-server.js';
import { always, type Asked, failing, type Fate, good, type Kind, times } from './kind.js';

function status(code: number, headers = ''): Buffer {
  const isBodiless = code === 204 || code === 304;
  if (isBodiless) return Buffer.from(`HTTP/1.1 ${code} Said\r\n${headers}\r\n`);
  return Buffer.from(answer(`status ${code}`, headers, `${code} Said`));
}

const RETRY_AFTER = ['', '0', '1', '2', '3', 'date', 'past', '-5', 'soon', '1e3', '  '] as const;

function retryAfter(how: string): string {
  if (how === '') return '';
  const ahead = how === 'date' ? 2_000 : how === 'past' ? -60_000 : undefined;
  return `Retry-After: ${ahead === undefined ? how : new Date(Date.now() + ahead).toUTCString()}\r\n`;
}

export const STATUSES: readonly Kind[] = [
  {
    name: 'server fault',
    weight: 4,
    draw: (draw, _name, settings) => {
      const code = draw.pick([500, 502, 504, 408, 425]);
      return failing(String(code), times(draw), ['HTTP_STATUS'], good(draw, settings), () => [status(code)]);
    },
  },
  {
    name: 'busy',
    weight: 6,
    most: 6,
    draw: (draw, _name, settings) => {
      const code = draw.pick([429, 503]);
      const how = settings.tries === 1 && draw.chance(0.3) ? '99999999999' : draw.pick(RETRY_AFTER);
      const often = draw.pick([1, 1, 1, 2]);
      const label = `${code}, Retry-After ${how === '' ? 'missing' : how}`;
      return failing(label, often, ['HTTP_STATUS'], good(draw, settings), () => [status(code, retryAfter(how))]);
    },
  },
  {
    name: 'not found',
    weight: 5,
    draw: (draw) => {
      const [code, size] = [draw.pick([404, 410]), draw.pick([0, 10, 100_000])];
      return always(`${code} with ${size} bytes`, ['not_found'], () => [
        answer(Buffer.alloc(size, 'x'), '', `${code} Gone`),
      ]);
    },
  },
  {
    name: 'refused by the server',
    weight: 3,
    draw: (draw) => {
      const code = draw.pick([201, 204, 206, 304, 400, 401, 403, 451, 501, 505]);
      return always(String(code), ['HTTP_STATUS'], () => [status(code)]);
    },
  },
  {
    name: 'hints before its answer',
    weight: 3,
    draw: (draw, _name, settings) => {
      const { label, body, script } = good(draw, settings);
      const hint = `HTTP/1.1 ${draw.pick(['100 Continue', '102 Processing', '103 Early Hints'])}\r\nLink: </a>\r\n\r\n`;
      const count = draw.int(1, 3);
      const hinted = function* (): Generator<Step> {
        for (let sent = 0; sent < count; sent += 1) {
          yield hint;
          yield pause(5);
        }
        yield* script();
      };
      // What the strict parser does not take is asked for once more.
      return { label: `${count} 1xx, then ${label}`, bodies: [body], steps: 2, script: hinted, fates: () => ['ok'] };
    },
  },
  {
    name: 'redirect',
    weight: 6,
    draw: (draw, name, settings) => {
      const { label, body, script } = good(draw, settings);
      const hops = draw.pick([1, 1, 2, 3, 10]);
      const code = draw.pick([301, 302, 303, 307, 308]);
      const elsewhere = draw.int(0, 9);
      return {
        label: `${hops} redirects, then ${label}`,
        bodies: [body],
        steps: hops + 1,
        script: ({ rest, origins }) => {
          const at = Number(rest.slice(1));
          if (at === hops) return script();
          const origin = at % 2 === 0 ? (origins[elsewhere % origins.length] as string) : '';
          return [status(code, `Location: ${origin}/${name}/${at + 1}\r\n`)];
        },
        fates: () => ['ok'],
      };
    },
  },
  {
    name: 'redirect that leads nowhere',
    weight: 4,
    draw: (draw, name) => {
      const where = draw.pick([
        'itself',
        'a loop',
        'eleven',
        'file:///etc/passwd',
        'gopher://127.0.0.1/',
        'http://',
        '',
      ]);
      const fates: Fate[] = ['HTTP_REDIRECT'];
      const script = ({ rest }: Asked): Iterable<Step> => {
        const at = Number(rest.slice(1));
        const next =
          { itself: `/${name}`, 'a loop': `/${name}/${1 - at}`, eleven: `/${name}/${at + 1}` }[where] ?? where;
        return [status(302, next === '' ? '' : `Location: ${next}\r\n`)];
      };
      return { ...always(`redirect to ${where || 'no place'}`, fates, script), steps: 11 };
    },
  },
];
