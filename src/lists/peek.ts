/** What a stream of bytes begins with, without taking it away from who reads it. */
import { Buffer } from 'node:buffer';

/** What is looked at, at the most, in bytes. */
export const MAX_HEAD_BYTES = 64 * 1024;

export interface Peeked {
  readonly head: Buffer;
  /** No more will be looked at: all is there, or as much as is looked at. */
  readonly isLast: boolean;
  /** All of the stream. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** @param isEnough whether what is there says what was to be found out */
export async function peek(source: AsyncIterable<Uint8Array>, isEnough: (head: Buffer) => boolean): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await iterator.next();
    if (done === true) return { head, isLast: true, chunks: from(head) };
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const joined = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const isLast = joined.length >= MAX_HEAD_BYTES;
    if (isLast || isEnough(joined)) return { head: joined, isLast, chunks: from(joined, iterator) };
    // A copy, because who reads the list may use the chunk again.
    head = Buffer.from(joined);
  }
}

async function* from(head: Buffer, rest?: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (head.length > 0) yield head;
    if (rest === undefined) return;
    for (;;) {
      const { done, value } = await rest.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await rest?.return?.();
  }
}
