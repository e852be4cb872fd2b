/** Makes up a run from a seed: what servers do, what the storage does, how the command is called and who stops it. */
import { SEEDS } from '../../src/server/random.js';
import { GOOD } from './kinds/bodies.js';
import type { Character, Kind } from './kinds/kind.js';
import { BAD } from './kinds.js';
import { Draw } from './draw.js';
import { drawSettings, type Settings } from './settings.js';

export interface MadeItem {
  /** The name of its file, and its path on its server. */
  readonly name: string;
  /** The number of its server; undefined where nobody listens. */
  readonly origin: number | undefined;
  readonly kind: string;
  readonly character: Character;
  /** A file of this name is in the destination before, and is somebody else's. */
  readonly taken: boolean;
}

/** A line of the list. All of them but the blank ones are to be accounted for. */
export type Line =
  | { readonly kind: 'item' | 'duplicate'; readonly item: MadeItem; readonly suffix: string }
  | { readonly kind: 'wrong' | 'blank'; readonly text: string };

/**
 * `small`: a disk that fills up; `failing`: calls that give files their names fail, or those that sync them; both only in
 * the first run.
 */
export type Storage =
  | { readonly kind: 'plain' | 'slow' | 'read-only' }
  | { readonly kind: 'small'; readonly kilobytes: number }
  | { readonly kind: 'failing'; readonly calls: string; readonly first: number; readonly step: number };

/** A signal for a run, so many milliseconds after so many requests. */
export interface Stop {
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  readonly requests: number;
  readonly after: number;
  /** Milliseconds until the same signal comes once more. */
  readonly again?: number;
}

export interface Scenario {
  readonly seed: number;
  readonly settings: Settings;
  readonly origins: number;
  readonly items: readonly MadeItem[];
  readonly lines: readonly Line[];
  readonly storage: Storage;
  /** Of the first runs; after them the same command is left to itself. */
  readonly stops: readonly Stop[];
  /** Whether it is called once more when it has ended by itself. */
  readonly onceMore: boolean;
}

/** What the machine can do. */
export interface Abilities {
  readonly smallDisk: boolean;
  readonly injection: boolean;
}

/** Items that take seconds. */
const MOST_DEAR = 3;
const WRONG = [
  'foo',
  'ftp://127.0.0.1/x',
  'http://',
  'http://a b/',
  'http://127.0.0.1:99999/',
  '\xff\xfe',
  'http://127.0.0.1/\x01',
];
const BLANK = ['', '  ', '# http://127.0.0.1/comment', '#'];
const EXTENSIONS = ['', '.bin', '.jpg', '.txt', '.JSON', '.html'];

/**
 * @param seed a whole number from 0 to 2^32 - 1
 * @param can what cannot be done here is not drawn; the rest is the same
 */
export function makeUp(seed: number, can: Abilities): Scenario {
  const draw = new Draw(seed);
  const settings = drawSettings(draw);
  const origins = draw.int(1, 4);
  const storage = drawStorage(draw, settings, can);
  const items = drawItems(draw, settings, origins, storage);
  const stops = storage.kind === 'plain' || storage.kind === 'slow' ? drawStops(draw, items.length, settings) : [];
  // Without a journal each run would find the files of the one before taken.
  const onceMore = draw.chance(0.4) && settings.journal;
  return { seed, settings, origins, items, lines: drawLines(draw, items), storage, stops, onceMore };
}

function drawItems(draw: Draw, settings: Settings, origins: number, storage: Storage): MadeItem[] {
  const count = draw.chance(0.8) ? draw.int(5, 60) : draw.int(60, 200);
  const bad = draw.pick([0, 0.1, 0.3, 0.6]);
  // The other disks are empty.
  const canBeTaken = settings.layout === 'flat' && storage.kind !== 'small' && storage.kind !== 'read-only';
  const mostDear = settings.maxRequests === 1 || settings.maxRequestsPerHost === 1 ? 1 : MOST_DEAR;
  const drawn: Kind[] = [];
  const isLeft = (kind: Kind): boolean => {
    if (kind.fits?.(settings) === false) return false;
    if (kind.dear === true && drawn.filter(({ dear }) => dear).length >= mostDear) return false;
    return drawn.filter((before) => before === kind).length < (kind.most ?? Infinity);
  };
  return Array.from({ length: count }, (_, number) => {
    // What one item draws is not to make others of those after it.
    const own = new Draw(draw.int(0, SEEDS - 1));
    const kind = own.chance(bad) ? own.weighted(BAD.filter(isLeft)) : GOOD;
    drawn.push(kind);
    const name = `i${number}${own.pick(EXTENSIONS)}`;
    const character = kind.draw(own, name, settings);
    const origin = own.int(0, origins - 1);
    const taken = own.chance(0.02) && canBeTaken;
    return { name, origin: kind.nowhere === true ? undefined : origin, kind: kind.name, character, taken };
  });
}

function drawLines(draw: Draw, items: readonly MadeItem[]): Line[] {
  const lines: Line[] = [];
  for (const item of items) {
    lines.push({ kind: 'item', item, suffix: '' });
    if (draw.chance(0.04)) {
      lines.push({
        kind: 'duplicate',
        item: draw.pick(items.slice(0, items.indexOf(item) + 1)),
        suffix: draw.pick(['', '#part', ' ']),
      });
    }
    if (draw.chance(0.02)) lines.push({ kind: 'wrong', text: draw.pick(WRONG) });
    if (draw.chance(0.03)) lines.push({ kind: 'blank', text: draw.pick(BLANK) });
  }
  return lines;
}

function drawStorage(draw: Draw, { journal, executor, durable }: Settings, can: Abilities): Storage {
  const kind = draw.pick([
    'plain',
    'plain',
    'plain',
    'plain',
    'slow',
    'slow',
    'small',
    'read-only',
    'failing',
  ] as const);
  const kilobytes = draw.pick([64, 200, 500, 1_500]);
  const calls = durable && draw.chance(0.5) ? 'fsync,fdatasync' : 'rename';
  const [first, step] = [draw.int(1, 20), draw.int(1, 9)];
  // Without a journal the run after this one would not know its files.
  if ((kind === 'small' || kind === 'read-only') && can.smallDisk && journal) {
    return kind === 'small' ? { kind, kilobytes } : { kind };
  }
  if (kind === 'failing' && can.injection && journal) return { kind, calls, first, step };
  // It is made slow in the threads of the pool alone.
  return kind === 'slow' && executor === 'pool' ? { kind } : { kind: 'plain' };
}

function drawStops(draw: Draw, count: number, { journal }: Settings): Stop[] {
  const many = journal ? draw.pick([0, 0, 1, 1, 2, 3]) : 0;
  return Array.from({ length: many }, () => {
    const signal = draw.pick(['SIGINT', 'SIGINT', 'SIGTERM', 'SIGKILL', 'SIGKILL'] as const);
    const [requests, after] = [draw.int(1, count), draw.pick([0, 0, draw.int(1, 60), draw.int(60, 900)])];
    const again = draw.int(110, 500);
    return signal === 'SIGINT' && draw.chance(0.3) ? { signal, requests, after, again } : { signal, requests, after };
  });
}

/** For people: all that is needed to play it by hand. */
export function describe({ seed, storage, stops, onceMore, items }: Scenario): string {
  const told = items.map(({ name, origin, kind, character, taken }) => {
    return `  ${name} at server ${origin ?? 'none'}${taken ? ', taken' : ''}: ${kind}: ${character.label}`;
  });
  return [`seed ${seed}`, JSON.stringify({ storage, stops, onceMore }), ...told].join('\n');
}
