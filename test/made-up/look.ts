/** Looks at what a run has left: bodies in files or in shards, the journal, and what else there is. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { type EndRecord, itemAt, type StoredRecord, storedAt } from '../../src/journal/format.js';
import { readJournal } from '../../src/journal/reader.js';
import { bodiesIn } from '../helpers/tars.js';
import type { Remains } from './observed.js';
import type { Scenario } from './scenario.js';

const SHARD = /^\d{5,}\.tar$/;

export async function look({ settings, items }: Scenario, directory: string, journal: string): Promise<Remains> {
  const bodies = new Map<string, Buffer>();
  const others: string[] = [];
  const broken: string[] = [];
  const shards: Buffer[] = [];
  const names = new Set(items.map(({ name }) => name));
  for (const path of pathsBelow(directory)) {
    const name = basename(path);
    const place = relative(directory, path);
    const isPlace = settings.layout === 'hashed' ? /^[0-9a-f]\/[0-9a-f]\/[^/]+$/.test(place) : place === name;
    const isFile = lstatSync(path).isFile();
    if (path === journal) continue;
    if (settings.layout === 'tar' && SHARD.test(place)) shards.push(readFileSync(path));
    else if (isFile && isPlace && settings.layout !== 'tar' && names.has(name)) bodies.set(name, readFileSync(path));
    else if (isFile || (place.startsWith('.sluice') && place !== '.sluice')) others.push(place);
  }
  try {
    for (const [name, { body }] of bodiesIn(shards)) bodies.set(name, body);
  } catch (error) {
    broken.push(`a shard is broken: ${(error as Error).message}`);
  }
  return { bodies, others, broken, ...(await readStored(journal, broken)) };
}

function pathsBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
  } catch {
    // It was never made.
    return [];
  }
}

async function readStored(path: string, broken: string[]): Promise<Pick<Remains, 'stored' | 'end'>> {
  const stored = new Map<string, StoredRecord>();
  const begun = new Map<number, string>();
  let end: EndRecord | undefined;
  const file = await open(path).catch(() => undefined);
  try {
    if (file === undefined) return { stored, end };
    await readJournal(file, path, {
      run: ({ afresh }) => {
        begun.clear();
        end = undefined;
        if (afresh) stored.clear();
      },
      item: (index, payload, at) => begun.set(index, basename(itemAt(payload, at).name)),
      stored: (index, payload, at) => {
        const name = begun.get(index);
        if (name === undefined) broken.push(`the journal has ${index} stored, which was not begun`);
        else stored.set(name, storedAt(payload, at));
      },
      failed: (index) => {
        if (!begun.has(index)) broken.push(`the journal has ${index} failed, which was not begun`);
      },
      end: (record) => {
        end = record;
      },
    });
  } catch (error) {
    broken.push(`the journal is broken: ${(error as Error).message}`);
  } finally {
    await file?.close();
  }
  return { stored, end };
}
