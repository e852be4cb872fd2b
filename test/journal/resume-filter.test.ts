import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Admitted, Presence } from '../../src/journal/placement.js';
import { ResumeFilter } from '../../src/journal/resume-filter.js';
import { itemAt, PREAMBLE, storedAt } from '../../src/journal/format.js';
import { beginJournalFile, Journal, openJournalFile } from '../../src/journal/journal.js';
import {
  DOUBTFUL_IF_THERE,
  FAILED,
  keyOf,
  StateIndex,
  OK,
  type State,
  storedWith,
  WHOLE_IF_THERE,
} from '../../src/journal/state-index.js';
import { readJournal } from '../../src/journal/reader.js';
import { storedNames } from '../../src/journal/stored-names.js';
import type { Entry } from '../../src/item.js';
import { NameSet } from '../../src/plan/names.js';
import { foldersOf, markedFolder } from '../../src/plan/paths.js';
import type { OnExists } from '../../src/protocol/settings.js';
import { scratch } from '../helpers/scratch.js';
import { itemNamed } from '../helpers/stores.js';

interface Setup {
  /** State by name. */
  readonly known?: Readonly<Record<string, State>>;
  /** URLs by name, where they are not those of their names. */
  readonly urls?: Readonly<Record<string, string>>;
  /** Names of files that are there; undefined where items have none of their own. */
  readonly present?: readonly string[] | undefined;
  /** Sizes of files by name, where they are not what was stored. */
  readonly changed?: Readonly<Record<string, number>>;
  readonly onExists?: OnExists;
  readonly templated?: boolean;
}

interface Result {
  /** Kind and name. */
  readonly admitted: readonly string[];
  readonly there: number;
  /** Items that were left out for files that nobody knows. */
  readonly kept?: number;
  /** What was written to the journal by the time the items were handed out. */
  readonly written: readonly string[];
}

/** What is there: names of files, of which the folders are there, too. */
function presence(files: readonly string[]): Presence & { readonly prepared: string[] } {
  const [names, folders, prepared] = [new NameSet(), new NameSet(), [] as string[]];
  for (const file of files) {
    names.add(file);
    for (const folder of foldersOf(file)) {
      names.add(folder);
      folders.add(folder);
    }
  }
  return {
    prepared,
    prepare: (wanted) => void prepared.push(...wanted),
    has: (name) => names.has(name),
    blocking: (name) => foldersOf(name).find((folder) => names.has(folder) && !folders.has(folder)),
  };
}

function toEntry(name: string): Entry {
  return { kind: 'item', item: itemNamed(name) };
}

function describeEntry(entry: Admitted): string {
  if (entry.kind === 'taken' && entry.blocking !== undefined) return `taken ${entry.item.name} (${entry.blocking})`;
  return entry.kind === 'item' || entry.kind === 'taken' ? `${entry.kind} ${entry.item.name}` : entry.kind;
}

async function admit(t: TestContext, entries: readonly Entry[], setup: Setup): Promise<Result> {
  const path = join(scratch(t), 'journal');
  const file = await openJournalFile(path);
  const journal = new Journal(file, path, await beginJournalFile(file, path), false, assert.ifError);
  const states = new StateIndex();
  for (const [name, state] of Object.entries(setup.known ?? {})) {
    states.set(keyOf(setup.urls?.[name] ?? itemNamed(name).url, name), state === OK ? storedWith(name.length) : state);
  }
  const present = setup.present && presence(setup.present);
  const settings = {
    present,
    onExists: setup.onExists ?? 'error',
    base: 0,
    templated: setup.templated ?? false,
    answersName: false,
    sizesOf: (names: readonly string[]) => {
      for (const name of names) assert.ok(present?.has(name), `${name} is not there`);
      return Promise.resolve(names.map((name) => setup.changed?.[name] ?? name.length));
    },
    examine: (name: string) => Promise.resolve({ size: name.length, crc32: 7 }),
  };
  const names = (): Promise<NameSet> => storedNames(file, path, PREAMBLE.length);
  const known = { journal, states, elsewhere: new Map(), given: new Map(), afresh: false, names };
  const admitted = await new ResumeFilter(settings, known).admit(entries);
  const written: string[] = [];
  await using reading = await open(path);
  const visitor = {
    item: (_index: number, payload: Buffer, at: number) => written.push(`begun ${itemAt(payload, at).name}`),
    stored: (_index: number, payload: Buffer, at: number) => {
      const { size, crc32 } = storedAt(payload, at);
      written.push(`stored ${size} ${crc32}`);
    },
  };
  await readJournal(reading, path, visitor);
  await journal.leave();
  const count = (wanted: Admitted['kind']): number => admitted.filter(({ kind }) => kind === wanted).length;
  const left = admitted.filter(({ kind }) => kind !== 'there' && kind !== 'kept').map(describeEntry);
  const kept = count('kept');
  return { admitted: left, there: count('there'), written, ...(kept > 0 && { kept }) };
}

describe('what is admitted', () => {
  test('is what nothing is known of, and the journal says so before it is handed out', async (t) => {
    const duplicate: Entry = { kind: 'duplicate', duplicate: { index: 1, url: 'http://localhost/a' } };
    const result = await admit(t, [toEntry('a'), duplicate, toEntry('b')], { present: ['c'] });
    assert.deepEqual(result, {
      admitted: ['item a', 'duplicate', 'item b'],
      there: 0,
      written: ['begun a', 'begun b'],
    });
  });

  test('is not what was stored, unless it is gone', async (t) => {
    const known = { a: OK, b: OK, c: FAILED } as const;
    const result = await admit(t, ['a', 'b', 'c'].map(toEntry), { known, present: ['a'] });
    assert.deepEqual(result, { admitted: ['item b', 'item c'], there: 1, written: ['begun b', 'begun c'] });
    const inShards = await admit(t, ['a', 'b', 'c'].map(toEntry), { known });
    assert.deepEqual(inShards, { admitted: ['item c'], there: 2, written: ['begun c'] });
  });

  test('is what was stored and has another size now, or is no file any more', async (t) => {
    const known = { a: OK, b: OK, c: OK, d: OK } as const;
    const changed = { b: 0, c: -1, d: 2 ** 20 + 1 };
    const result = await admit(t, ['a', 'b', 'c', 'd'].map(toEntry), { known, present: ['a', 'b', 'c', 'd'], changed });
    assert.deepEqual(result, {
      admitted: ['item b', 'item c', 'item d'],
      there: 1,
      written: ['begun b', 'begun c', 'begun d'],
    });
  });

  test('is not what a killed run has stored and not written down: that is written down now', async (t) => {
    const known = { abc: WHOLE_IF_THERE, b: WHOLE_IF_THERE } as const;
    const result = await admit(t, ['abc', 'b'].map(toEntry), { known, present: ['abc'] });
    assert.deepEqual(result, { admitted: ['item b'], there: 1, written: ['begun abc', 'stored 3 7', 'begun b'] });
    assert.deepEqual((await admit(t, [toEntry('b')], { known })).admitted, ['item b']);
  });

  test('is what a machine that went down may have stored: nobody knows what is in it', async (t) => {
    const result = await admit(t, [toEntry('a')], { known: { a: DOUBTFUL_IF_THERE }, present: ['a'] });
    assert.deepEqual(result, { admitted: ['item a'], there: 0, written: ['begun a'] });
  });

  test('is not what has the name of a file that nobody knows, unless that may be replaced', async (t) => {
    const setup = { known: { b: FAILED }, present: ['A', 'b'] } as const;
    const result = await admit(t, ['a', 'b', 'c'].map(toEntry), setup);
    assert.deepEqual(result, { admitted: ['taken a', 'taken b', 'item c'], there: 0, written: ['begun c'] });
    const replacing = await admit(t, ['a', 'b'].map(toEntry), { ...setup, onExists: 'overwrite' });
    assert.deepEqual(replacing.admitted, ['item a', 'item b']);
  });

  describe('where a file that nobody knows has the name', () => {
    const nobodys = ['a.jpg', 'a.1.jpg', 's/b', 'dir/x'] as const;

    test('is left out and counted with skip', async (t) => {
      const setup = { known: { z: OK }, present: [...nobodys, 'z'], onExists: 'skip' } as const;
      const result = await admit(t, ['a.jpg', 's/b', 'new', 'dir'].map(toEntry), setup);
      assert.deepEqual(result, { admitted: ['item new'], there: 0, kept: 3, written: ['begun new'] });
      assert.deepEqual((await admit(t, [toEntry('a.jpg')], { ...setup, known: {} })).kept, 1);
    });

    test('gets the first number that is free with rename, which no other item gets', async (t) => {
      for (const known of [{}, { z: OK }] as Record<string, State>[]) {
        const setup = { known, present: nobodys, onExists: 'rename' } as const;
        const wanted = ['a.2.jpg', 'a.jpg', 's/b', 'dir', 'a.2.2.jpg', 's/b.1'];
        const { admitted } = await admit(t, wanted.map(toEntry), setup);
        const names = ['a.2.jpg', 'a.3.jpg', 's/b.1', 'dir.1', 'a.2.2.jpg'];
        assert.deepEqual(
          admitted.slice(0, -1),
          names.map((name) => `item ${name}`),
        );
        // With a number, or with the mark that it gets where a run before has given its name away.
        assert.match(admitted.at(-1) ?? '', /^item s\/b(?:\.1|-[0-9a-f]{8})\.1$/);
      }
    });

    test('is known by its number, whatever is to be done with others', async (t) => {
      const url = itemNamed('a.jpg').url;
      for (const onExists of ['error', 'skip', 'rename'] as const) {
        const setup = {
          known: { 'a.2.jpg': OK } as Record<string, State>,
          urls: { 'a.2.jpg': url },
          present: [...nobodys, 'a.2.jpg'],
          onExists,
        };
        const result = await admit(t, [toEntry('a.jpg')], setup);
        assert.deepEqual(result, { admitted: [], there: 1, written: [] });
      }
    });

    test('is a file in the place of a folder, and tells which one', async (t) => {
      const result = await admit(t, [toEntry('s/b/c')], { present: nobodys, onExists: 'overwrite' });
      assert.deepEqual(result.admitted, ['taken s/b/c (s/b)']);
      const renamed = await admit(t, [toEntry('s/b/c')], { present: nobodys, onExists: 'rename' });
      assert.match(renamed.admitted.join(), /^item s\/b-[0-9a-f]{8}\/c$/);
    });
  });

  test('is known under the name that it had when its folder was a file in the list, or when it was not', async (t) => {
    const { url } = itemNamed('docs/a');
    const marked = `${markedFolder('docs')}/a`;
    for (const [before, today] of [
      [marked, 'docs/a'],
      ['docs/a', marked],
      ['docs_a', 'docs/a'],
    ] as const) {
      const known: Record<string, State> = { [before]: OK };
      const setup = { known, urls: { [before]: url }, present: [before] };
      const entry: Entry = { kind: 'item', item: { ...itemNamed(today), url } };
      assert.deepEqual(await admit(t, [entry], setup), { admitted: [], there: 1, written: [] });
      const gone = await admit(t, [entry], { ...setup, present: [] });
      assert.deepEqual(gone.admitted, [`item ${today}`]);
    }
  });

  test('is at once what is new or in the way, where there is no journal', () => {
    const present = presence(['a']);
    const never = (): never => assert.fail('nothing is known');
    const settings = {
      present,
      onExists: 'error',
      base: 0,
      templated: false,
      answersName: false,
      sizesOf: never,
      examine: never,
    } as const;
    const admitted = new ResumeFilter(settings, undefined).admit(['a', 'b'].map(toEntry));
    assert.ok(!(admitted instanceof Promise));
    assert.deepEqual(admitted.map(describeEntry), ['taken a', 'item b']);
  });
});
