/**
 * The plan: URLs from arguments, lists and standard input -> items with names. Streamed: of a list, one chunk is
 * in memory, and 33 bytes for each URL, by which it and its name are known again; where room is given for them, that much.
 */

import { setImmediate } from 'node:timers/promises';

import type { Entry } from '../item.js';
import { type List, Lists } from '../lists/open.js';
import type { Source } from '../lists/source.js';
import { BATCH_ENTRIES, Planner, type PlanOptions } from './planner.js';

export interface PlanSettings extends Omit<PlanOptions, 'sums'> {
  /** A file with checksums of files by their names, as sha256sum prints it. */
  readonly checksums?: string | undefined;
}

/** How long the plan keeps the event loop, in milliseconds. */
const MAX_TURN_MS = 1;

/**
 * The entries of all sources, in order, in arrays of 1 to 64. Lazy: nothing is read before it is asked for, but for
 * the rest of what was read at once, 256 KiB, and no entry waits for input that comes after it.
 * @throws SluiceError LIST_UNREADABLE; before the first entry if a list cannot be opened
 */
export async function* plan(
  sources: Iterable<Source>,
  options: PlanSettings = {},
): AsyncGenerator<readonly Entry[], void, undefined> {
  const { checksums } = options;
  const sums = checksums === undefined ? undefined : await (await import('../lists/sums.js')).readSums(checksums);
  const planner = new Planner({ ...options, sums });
  const lists = new Lists(planner.units);
  const turn = new Turn();
  const { progress } = options;
  /** Entries of lists. */
  let listed = 0;
  /** Entries that were planned before. */
  let passedOn = 0;
  try {
    const opened = [];
    for (const source of sources) {
      progress?.expect(source);
      const isList = source.kind === 'file' || source.kind === 'stream';
      opened.push(isList ? ({ kind: 'list', list: await lists.add(source) } as const) : source);
    }
    for (const source of opened) {
      if (source.kind === 'list') {
        const before = planner.count - listed;
        yield* ofList(source.list, planner, turn, () => {
          listed = planner.count - before;
          progress?.note(listed, lists.share);
        });
      } else if (source.kind === 'entries') {
        yield* source.entries;
        passedOn += source.count;
      } else if (source.kind === 'items') {
        if (Symbol.iterator in source.items) {
          yield* inBatches(planner.ofItems(source.items), turn);
        } else {
          for await (const item of source.items) yield* inBatches(planner.ofItems([item]), turn);
        }
      } else if (Symbol.iterator in source.urls) {
        yield* inBatches(planner.ofUrls(source.urls, source.label), turn);
      } else {
        let line = 0;
        for await (const url of source.urls) yield* inBatches([planner.ofUrl(url, source.label, (line += 1))], turn);
      }
    }
    progress?.end(planner.count + passedOn);
  } finally {
    planner.close();
    await lists.close();
  }
}

/** @param onPart called when all that was read of it is planned */
async function* ofList(
  list: List,
  planner: Planner,
  turn: Turn,
  onPart: () => void,
): AsyncGenerator<readonly Entry[], void, undefined> {
  const reader = await list.read();
  do {
    onPart();
    for (;;) {
      const batch = planner.ofRows(reader, list.label);
      if (batch.length > 0) yield batch;
      if (turn.isOver) await turn.next();
      if (batch.length < BATCH_ENTRIES) break;
    }
  } while (await reader.more());
  await list.close();
}

async function* inBatches(entries: Iterable<Entry>, turn: Turn): AsyncGenerator<readonly Entry[], void, undefined> {
  let batch: Entry[] = [];
  for (const entry of entries) {
    if (batch.push(entry) < BATCH_ENTRIES) continue;
    yield batch;
    batch = [];
    if (turn.isOver) await turn.next();
  }
  if (batch.length > 0) yield batch;
  if (turn.isOver) await turn.next();
}

/** The plan's share of the event loop. Without it a source that is in memory would be planned in one go. */
class Turn {
  #start = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#start > MAX_TURN_MS;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#start = performance.now();
  }
}
