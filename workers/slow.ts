/**
 * Simulates slow storage, by waiting. A write takes its time, whatever else is written meanwhile. Names take turns: storage
 * holds a folder's lock while a name in it is made, on NFS and FUSE for the whole round trip. There is no lock here, though,
 * which a thread could die with: each folder has a clock on shared memory that tells from when on it is free, and whoever
 * makes a name there takes the next turn of it, and waits for the end of that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedLatency, SlowStorage } from '../src/protocol/settings.js';

/** A prime number, so that each character of a path counts. */
const CLOCKS = 4093;
/** No less than the characters from 0 to f: with it the destination and the folders of `hashed` have clocks of their own. */
const BASE = 67;

/** For all threads of a run. Undefined where nothing is to be waited for, which then costs nothing. */
export function simulate({ name, write }: SimulatedLatency): SlowStorage | undefined {
  if (name === 0 && write === 0) return undefined;
  return { name, write, clocks: new BigInt64Array(new SharedArrayBuffer(CLOCKS * BigInt64Array.BYTES_PER_ELEMENT)) };
}

/** Waits as long as the folder's lock for `name` takes, and is held: a path below the destination. Blocks this thread. */
export function waitForName(slow: SlowStorage, name: string): void {
  if (slow.name > 0) block(millisecondsUntil(takeTurn(slow, name)));
}

/** The same with a timer, to a millisecond; the turns themselves are exact, so errors do not add up. */
export async function waitForNameAsync(slow: SlowStorage, name: string): Promise<void> {
  if (slow.name > 0) await sleep(Math.round(millisecondsUntil(takeTurn(slow, name))));
}

/** Waits as long as a write takes. Blocks this thread. */
export function waitForWrite({ write }: SlowStorage): void {
  block(write);
}

/** The same with a timer, to a millisecond. */
export async function waitForWriteAsync({ write }: SlowStorage): Promise<void> {
  if (write > 0) await sleep(write);
}

/** @returns when it ends, by the clock that all threads have in common: nanoseconds */
function takeTurn({ name: latency, clocks }: SlowStorage, name: string): bigint {
  const folder = clockOf(name);
  const length = BigInt(Math.round(latency * 1e6));
  for (;;) {
    const freeFrom = Atomics.load(clocks, folder);
    const now = process.hrtime.bigint();
    const end = (freeFrom > now ? freeFrom : now) + length;
    if (Atomics.compareExchange(clocks, folder, freeFrom, end) === freeFrom) return end;
  }
}

function millisecondsUntil(time: bigint): number {
  return Number(time - process.hrtime.bigint()) / 1e6;
}

/** The number of a name's folder. Folders that are neither the destination nor of `hashed` may share theirs. */
function clockOf(name: string): number {
  const length = name.lastIndexOf('/');
  let hash = 0;
  for (let i = 0; i < length; i += 1) hash = (BASE * hash + name.charCodeAt(i)) % CLOCKS;
  return hash;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread, as a slow system call would. */
export function block(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(never, 0, 0, milliseconds);
}
