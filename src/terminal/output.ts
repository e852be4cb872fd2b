/**
 * Standard output and standard error: whole for whoever reads them, however slowly. A reader may also leave before the
 * command ends (`| head -1`, a terminal that is gone): what it does not want any more is not missing.
 */
import { fstatSync, writeSync } from 'node:fs';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { progress } from '../../workers/files.js';
import { marked } from './color.js';

/** Bytes that may wait for a reader before no more is made for it. */
const MOST_WAITING = 256 * 1024;
/** Milliseconds between two looks at what a reader has taken. */
const INTERVAL = 10;
/** What is told of a reader that has left. */
const LEFT: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET']);

export const OUTPUT = [process.stdout, process.stderr] as const;

/** Why something that was written is missing. */
export interface Loss {
  readonly stream: NodeJS.WriteStream;
  readonly why: string;
}

/** Both streams, from when it is made. */
export class Output {
  #loss: Loss | undefined;

  constructor() {
    for (const stream of OUTPUT) {
      if (isFile(stream.fd)) writeWholly(stream, stream.fd);
      markFaults(stream);
      stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
        if (!LEFT.has(code) && !stream.isTTY) this.#loss ??= { stream, why: message };
      });
    }
  }

  /**
   * Waits until all is taken that was written.
   *
   * @param patience milliseconds for which a reader may take nothing
   * @returns what is missing
   */
  async flush(patience: number): Promise<Loss | undefined> {
    for (const stream of OUTPUT) {
      if (!(await isTaken(stream, patience))) this.#loss ??= { stream, why: 'its reader has stopped reading' };
    }
    // An error is told of in a turn of its own.
    await setImmediate();
    return this.#loss;
  }
}

/** Whether a reader is so far behind that {@link roomIn} would wait. */
export function isBehind(stream: NodeJS.WriteStream): boolean {
  return stream.writableLength > MOST_WAITING;
}

/**
 * Waits until the reader of a stream has taken most of what was written to it.
 *
 * @param signal ends the wait
 */
export async function roomIn(stream: NodeJS.WriteStream, signal?: AbortSignal): Promise<void> {
  for (; isBehind(stream); await sleep(INTERVAL)) if (signal?.aborted === true) return;
}

async function isTaken(stream: NodeJS.WriteStream, patience: number): Promise<boolean> {
  let before = Infinity;
  let changed = 0;
  while (stream.writableLength > 0) {
    const now = performance.now();
    const left = stream.writableLength + queued(stream);
    if (left !== before) [before, changed] = [left, now];
    else if (now - changed > patience) return false;
    await sleep(INTERVAL);
  }
  return true;
}

/** Bytes that libuv has of what was written last, which Node counts as a whole until the last of them is taken. */
function queued(stream: NodeJS.WriteStream): number {
  const { _handle: handle } = stream as { _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}

/** Streams that do so. */
const marking = new WeakSet<NodeJS.WriteStream>();

/** Errors and warnings are seen to be ones, whoever tells of them. */
function markFaults(stream: NodeJS.WriteStream): void {
  if (marking.has(stream)) return;
  marking.add(stream);
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  stream.write = (piece: unknown, ...more: unknown[]) =>
    write(typeof piece === 'string' && piece.startsWith('*** ') ? marked(piece, stream) : piece, ...more);
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

/** Node writes each piece once: what a disk that gets full has not taken of it would be lost without an error. */
function writeWholly(stream: NodeJS.WriteStream, fd: number): void {
  stream._write = (piece: Uint8Array, _encoding, done) => {
    try {
      for (let written = 0; written < piece.length;) written += progress(writeSync(fd, piece, written));
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}
