import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { BodyWriter } from '../../src/body.js';
import type { Script } from '../helpers/raw-server.js';
import { type Ended, fetchOne, withServer } from './recording.js';

/** An answer whose length, headers and bytes depend on the path, and are of no other. */
function answerTo(path: string, length: number): { readonly text: string; readonly bytes: Buffer } {
  const text = `${path} `.repeat(Math.ceil(length / (path.length + 1))).slice(0, length);
  const etag = `"${path.repeat(20)}"`;
  return {
    text,
    bytes: Buffer.from(`HTTP/1.1 200 OK\r\nETag: ${etag}\r\nContent-Length: ${length}\r\n\r\n${text}`, 'latin1'),
  };
}

async function* inPieces(bytes: Buffer, cuts: readonly number[]): Script {
  let from = 0;
  for (const cut of [
    ...cuts.map((share) => Math.floor(share * bytes.length)).toSorted((a, b) => a - b),
    bytes.length,
  ]) {
    if (cut === from) continue;
    yield bytes.subarray(from, cut);
    // The next piece is to be another read.
    yield new Promise((resolve) => setTimeout(resolve, 2));
    from = cut;
  }
}

describe('reads of sockets into memory that is used again', () => {
  it('give each answer its own bytes, wherever answers are cut and whoever else reads meanwhile', async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const answers = fc.array(fc.record({ length: fc.nat(3_000), cuts: fc.array(share, { maxLength: 6 }) }), {
      minLength: 8,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(answers, (scripts) =>
        withServer(
          {
            onRequest: ({ path }) => {
              const { length, cuts } = scripts[Number(path.slice(1))] as (typeof scripts)[number];
              return inPieces(answerTo(path, length).bytes, cuts);
            },
          },
          async (server, connections) => {
            const next = scripts.keys();
            const all = new Map<number, Ended>();
            const one = async (): Promise<void> => {
              for (const n of next) all.set(n, await fetchOne(connections, `${server.origin}/${n}`));
            };
            await Promise.all(Array.from({ length: 8 }, one));
            for (const [n, { length }] of scripts.entries()) {
              const ended = all.get(n);
              assert.ok(ended?.kind === 'body', JSON.stringify(ended));
              assert.equal(ended.text, answerTo(`/${n}`, length).text);
            }
          },
        ),
      ),
      { numRuns: 20 },
    );
  });

  it('of one connection need one piece of memory for any number of answers that nobody keeps', () =>
    withServer({ onRequest: ({ path }) => [answerTo(path, 1_000).bytes] }, async (server, connections) => {
      const memory = new Set<ArrayBufferLike>();
      const onChunks = (chunks: readonly Uint8Array[]): void => chunks.forEach(({ buffer }) => memory.add(buffer));
      for (let n = 0; n < 50; n += 1) await fetchOne(connections, `${server.origin}/${n}`, { onChunks });
      assert.equal(server.connections, 1);
      assert.equal(memory.size, 1);
    }));

  it('leave alone what is kept of an answer', () =>
    withServer({ onRequest: ({ path }) => [answerTo(path, 1_000).bytes] }, async (server, connections) => {
      const kept: (readonly Uint8Array[])[] = [];
      for (let n = 0; n < 200; n += 1) {
        await fetchOne(connections, `${server.origin}/${n}`, {
          onChunks: (chunks) => void kept.push(chunks),
          keeps: true,
        });
      }
      for (const [n, chunks] of kept.entries()) {
        assert.equal(Buffer.concat(chunks).toString('latin1'), answerTo(`/${n}`, 1_000).text);
      }
      // They share it, as pieces of one answer do.
      assert.ok(new Set(kept.flat().map(({ buffer }) => buffer)).size < 20);
    }));

  const LARGE = 4 << 20;

  it('of a large body need a few pieces of memory where its writer copies what comes', () =>
    withServer({ onRequest: ({ path }) => [answerTo(path, LARGE).bytes] }, async (server, connections) => {
      const memory = new Set<ArrayBufferLike>();
      const write = ({ buffer }: Uint8Array): boolean => memory.add(buffer).size > 0;
      const openLarge = (): BodyWriter => ({ copies: true, write, end: () => undefined, abort: assert.fail });
      const ended = await fetchOne(connections, `${server.origin}/large`, { openLarge });
      assert.ok(ended.kind === 'large' && ended.text === answerTo('/large', LARGE).text);
      // What came before it was known to be large, and the piece that is used again.
      assert.ok(memory.size <= 4, `${memory.size} pieces`);
    }));

  for (const copies of [true, false]) {
    it(`leave alone what a writer that ${copies ? 'has no room' : 'copies nothing'} keeps of a large body`, () =>
      withServer({ onRequest: ({ path }) => [answerTo(path, LARGE).bytes] }, async (server, connections) => {
        const kept: { readonly chunk: Uint8Array; readonly text: string }[] = [];
        let count = 0;
        const openLarge = (onRoom: () => void): BodyWriter => ({
          copies,
          write(chunk) {
            count += 1;
            const hasRoom = count % 3 > 0;
            if (copies && hasRoom) return true;
            kept.push({ chunk, text: Buffer.from(chunk).toString('latin1') });
            if (!hasRoom) setImmediate(onRoom);
            return hasRoom;
          },
          end: () => undefined,
          abort: assert.fail,
        });
        const ended = await fetchOne(connections, `${server.origin}/large`, { openLarge });
        assert.ok(ended.kind === 'large' && ended.text === answerTo('/large', LARGE).text);
        assert.ok(kept.length > 5);
        for (const { chunk, text } of kept) assert.ok(Buffer.from(chunk).toString('latin1') === text);
      }));
  }
});
