/** Connections that end, stand still or carry what is no answer. */
import { noise } from '../../helpers/bodies.js';
import { END, pause, RESET, type Step } from '../../helpers/raw-server.js';
import { chunk, OK } from '../answers.js';
import { plain } from './bodies.js';
import { always, CUT, failing, type Fate, good, type Kind, times } from './kind.js';

type End = typeof RESET | typeof END;
/** Ways in which a connection ends. */
const ENDS: readonly End[] = [RESET, END];

/** Never answers again. */
const NEVER = new Promise<void>(() => undefined);

/** A body with its length that ends before it is whole. */
function cutAt(body: Buffer, at: number, end: End): Step[] {
  return [`${OK}Content-Length: ${body.length}\r\n\r\n`, body.subarray(0, at), pause(10), end];
}

export const CONNECTIONS: readonly Kind[] = [
  {
    name: 'reset before its answer',
    weight: 4,
    most: 3,
    draw: (draw, _name, settings) => {
      const often = times(draw);
      const end = draw.pick(ENDS);
      const begin = draw.pick(['', 'HTTP/1.1 2', `${OK}Content-Le`]);
      const label = `${end === RESET ? 'reset' : 'end'} after ${JSON.stringify(begin)}`;
      const codes: Fate[] = ['NET_RESET', 'HTTP_BROKEN'];
      return failing(label, often, codes, good(draw, settings), () => [begin, end]);
    },
  },
  {
    name: 'breaks off',
    weight: 6,
    most: 4,
    draw: (draw, _name, settings) => {
      const answered = good(draw, settings);
      const body = answered.body.length < 2 ? noise(50, 1) : answered.body;
      const at = draw.int(0, body.length - 1);
      const end = draw.pick(ENDS);
      const label = `${end === RESET ? 'reset' : 'end'} at byte ${at} of ${body.length}`;
      return failing(label, times(draw), CUT, answered, () => cutAt(body, at, end));
    },
  },
  {
    name: 'chunks without an end',
    weight: 3,
    most: 3,
    draw: (draw, _name, settings) => {
      const end = draw.pick(ENDS);
      const size = draw.int(1, 9_000);
      const head = `${OK}Transfer-Encoding: chunked\r\n${draw.pick(['', 'Connection: close\r\n'])}\r\n`;
      const rest = draw.pick(['', '5\r\nhe', '0\r\n']);
      return failing('chunks without an end', times(draw), CUT, good(draw, settings), () => [
        head,
        chunk(noise(size, 1)),
        rest,
        pause(10),
        end,
      ]);
    },
  },
  {
    name: 'bends the rules',
    weight: 5,
    draw: (draw, _name, settings) => {
      const body = plain(draw, settings);
      const length = `Content-Length: ${body.length}`;
      const wrong = `Content-Length: ${draw.int(0, 9_999)}`;
      const last = '0\r\n\r\n';
      const [label, ...steps] = draw.pick<readonly [string, ...(string | Buffer)[]]>([
        ['a header in two lines', `${OK}X-A: one\r\n two\r\n${length}\r\n\r\n`, body],
        ['LF alone', `HTTP/1.1 200 OK\n${length}\n\n`, body],
        [
          'chunks with LF alone',
          `${OK}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\n`,
          body,
          '\n0\n\n',
        ],
        ['its length twice', `${OK}${length}\r\n${length}\r\n\r\n`, body],
        ['a space before the colon', `${OK}Content-Length : ${body.length}\r\n\r\n`, body],
        ['a length and chunks', `${OK}${wrong}\r\nTransfer-Encoding: chunked\r\n\r\n`, chunk(body), last],
        ['chunks and a length', `${OK}Transfer-Encoding: chunked\r\n${wrong}\r\n\r\n`, chunk(body), last],
      ]);
      const isApart = draw.chance(0.3);
      return {
        label,
        bodies: [body],
        steps: 2,
        script: () => (isApart ? steps.flatMap((step) => [step, pause(5)]) : steps),
        fates: ({ strict }) => (strict ? ['HTTP_BROKEN'] : ['ok']),
      };
    },
  },
  {
    name: 'breaks the rules',
    weight: 4,
    draw: (draw) => {
      const [label, bytes] = draw.pick([
        ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
        ['NUL in a header', `${OK}X: a\0b\r\nContent-Length: 5\r\n\r\nhello`],
        ['a flood of headers', `${OK}${`x: ${'y'.repeat(100)}\r\n`.repeat(1_000)}\r\n`],
        ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ] as const);
      return { ...always(label, ['HTTP_BROKEN'], () => [bytes]), steps: 2 };
    },
  },
  {
    name: 'hangs',
    weight: 3,
    dear: true,
    draw: (draw, _name, settings) => {
      const begin = draw.pick([
        '',
        'HTTP/1.1 2',
        `${OK}Content-Length: 100\r\n\r\n`,
        `${OK}Content-Length: 9\r\n\r\nhello`,
      ]);
      const label = `hangs after ${JSON.stringify(begin)}`;
      return failing(label, times(draw), ['NET_TIMEOUT'], good(draw, settings), () => [begin, NEVER]);
    },
  },
  {
    name: 'drips',
    weight: 2,
    dear: true,
    fits: ({ lowestSpeed }) => lowestSpeed > 0,
    draw: () =>
      always('ten bytes a second', ['NET_TIMEOUT'], function* () {
        yield `${OK}Content-Length: 100000\r\n\r\n`;
        for (;;) {
          yield 'x';
          yield pause(100);
        }
      }),
  },
  {
    name: 'refuses',
    weight: 2,
    most: 2,
    nowhere: true,
    draw: () => always('nobody listens', ['NET_REFUSED'], () => []),
  },
];
