/**
 * The thread that writes shards: one for a run, since what it has begun and not sealed is its own. It takes tasks as the
 * pool's workers do, and tells what it wrote and, later, what became of the shards.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { StoreFailure } from '../src/protocol/messages.js';
import type { Times } from '../src/protocol/times.js';
import type { TarBatchTask, TarLargeTask, TarMessage, TarSettings, TarTask } from '../src/protocol/tar.js';
import { isStored, type StoreResult } from '../src/protocol/result.js';
import { InParts, type Moment, now, timesSince } from './clock.js';
import { receiveParts } from './parts.js';
import { Shards } from './shards.js';
import { storeBody, storeLarge } from './store.js';

/**
 * What is whole goes to the file when no more than this part of the time is spent on that: at once where storage is quick,
 * and a few times a second where a write takes long.
 */
const SAVING = 1 / 50;

const settings = workerData as TarSettings;
const port = parentPort as MessagePort;
const shards = new Shards(settings, (settled) => tell({ ...settled, ...takeSealing() }));
/** When the shard that is sealed now was begun with, while nothing else is under way. */
let sealing: Moment | undefined;
/** When may be saved again, by the clock of this thread, and what waits for it. */
let mayBeSaved = 0;
/** Milliseconds that the last time took: the shorter of two counts, since a thread may have to wait for a processor. */
let took = 0;
let timer: NodeJS.Timeout | undefined;

shards.takeUp();

port.on('message', (task: TarTask) => {
  if (task === 'seal') seal();
  else if (task === 'leave') leave();
  else if (task.kind === 'batch') void storeBatch(task);
  else void storeParts(task);
});

function seal(): void {
  sealing = now();
  shards.seal();
  sealing = undefined;
}

function leave(): void {
  shards.save();
  tell({ kind: 'left' });
}

function takeSealing(): { times?: Times } {
  if (sealing === undefined) return {};
  const times = timesSince(sealing);
  sealing = now();
  return { times };
}

function saveSoon(): void {
  if (timer !== undefined) return;
  const wait = mayBeSaved - performance.now();
  if (wait <= 0) save();
  else timer = setTimeout(save, wait);
}

function save(): void {
  timer = undefined;
  const started = performance.now();
  if (!shards.save()) return;
  const ended = performance.now();
  const before = took;
  took = ended - started;
  mayBeSaved = ended + Math.min(before, took) / SAVING;
}

function tell(message: TarMessage): void {
  port.postMessage(message);
}

/** A batch whose pixels are checked lets others go on in between; every write is whole all the same. */
async function storeBatch(task: TarBatchTask): Promise<void> {
  const { first, arena, spans, names, encodings, checksums, descriptions } = task;
  const started = now();
  const failures: StoreFailure[] = [];
  for (const [position, name] of names.entries()) {
    const offset = spans[2 * position] as number;
    const body = arena.subarray(offset, offset + (spans[2 * position + 1] as number));
    const description = descriptions[position] as (typeof descriptions)[number];
    const place = shards.placeFor({ id: first + position, name, description });
    const job = { name, encoding: encodings?.[position] ?? '', checksum: checksums?.[position] };
    const stored = storeBody(body, job, settings.store, place);
    const result = stored instanceof Promise ? await stored : stored;
    if (!isStored(result)) failures.push({ position, error: result });
  }
  tell({ kind: 'written', first, count: names.length, failures, times: timesSince(started) });
  saveSoon();
}

async function storeParts({ id, job, port, description }: TarLargeTask): Promise<void> {
  const place = shards.placeFor({ id, name: job.name, description });
  const clock = new InParts('blocking');
  let result: StoreResult;
  try {
    result = await storeLarge(clock.of(receiveParts(port)), job, settings.store, place);
  } finally {
    port.close();
  }
  const failures = isStored(result) ? [] : [{ position: 0, error: result }];
  tell({ kind: 'written', first: id, count: 1, failures, times: clock.end() });
  saveSoon();
}
