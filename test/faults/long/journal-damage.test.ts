/**
 * Journals that are cut or changed, and the same run again: it ends in the tree of a clean run, or it is refused with
 * STORE_JOURNAL; it never fails in another way, and never says of a file that it is there which is not. Some of the cuts
 * and changes here, all of them in `npm run test:faults`.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { download, StorageError } from '../../../src/index.js';
import { claimedSize, FRAME_HEADER_SIZE, PREAMBLE } from '../../../src/journal/format.js';
import { mulberry32 } from '../../../src/server/random.js';
import { Corpus, serveCorpus } from '../../helpers/corpus.js';
import { Examiner } from '../../helpers/remains.js';
import { scratch } from '../../helpers/scratch.js';

const thorough = process.env['SLUICE_THOROUGH'] === '1';
const timeout = 900_000;
/** Files that are removed before a run, so that it has something to say of files that are not there. */
const REMOVED = ['f3', 'f8', 'f30'];

class Bench {
  readonly journal: Buffer;
  readonly #path: string;
  readonly #corpus: Corpus;
  readonly #run: () => Promise<readonly string[]>;
  readonly #directory: string;

  static async begin(t: TestContext): Promise<Bench> {
    const corpus = new Corpus(40);
    const server = await serveCorpus(corpus);
    t.after(() => server[Symbol.asyncDispose]());
    const directory = join(scratch(t), 'd');
    const urls = [...corpus.names()].map((name) => `${server.origin}/${name}`);
    const run = async (): Promise<readonly string[]> => {
      server.asked.length = 0;
      for await (const outcome of download(urls, { directory, executor: 'inline' })) {
        // Where the journal does not know a file any more, nobody does.
        if (outcome.status === 'error') assert.equal(outcome.error.code, 'STORE_EXISTS', outcome.error.message);
      }
      return server.asked;
    };
    // Three runs, so that there are frames of all kinds.
    for (const removed of [[], ['f1'], ['f2', 'f7']]) {
      for (const name of removed) rmSync(join(directory, name));
      await run();
    }
    return new Bench(directory, corpus, run);
  }

  private constructor(directory: string, corpus: Corpus, run: () => Promise<readonly string[]>) {
    this.#directory = directory;
    this.#path = join(directory, '.sluice', 'journal');
    this.#corpus = corpus;
    this.#run = run;
    this.journal = readFileSync(this.#path);
  }

  async try(journal: Buffer, what: string): Promise<'refused' | 'clean'> {
    for (const name of REMOVED) rmSync(join(this.#directory, name), { force: true });
    writeFileSync(this.#path, journal);
    let asked: readonly string[];
    try {
      asked = await this.#run();
    } catch (error) {
      assert.ok(error instanceof StorageError && error.code === 'STORE_JOURNAL', `${what}: ${String(error)}`);
      assert.ok(readFileSync(this.#path).equals(journal), `${what}: refused, and changed`);
      return 'refused';
    }
    const { there } = await new Examiner(this.#directory, 'flat', this.#corpus).examine();
    assert.equal(there.size, this.#corpus.count, what);
    assert.deepEqual(asked.toSorted(), REMOVED.toSorted(), what);
    return 'clean';
  }
}

describe('the same run with a journal', () => {
  test('that is cut: what is torn is dropped', { timeout }, async (t) => {
    const bench = await Bench.begin(t);
    const { journal } = bench;
    const step = thorough ? 1 : 61;
    for (let length = journal.length; length >= Math.max(0, journal.length - 4096); length -= step) {
      assert.equal(await bench.try(journal.subarray(0, length), `cut to ${length} bytes`), 'clean');
    }
  });

  test('with one bit changed: refused, or torn where it is in the last frame', { timeout }, async (t) => {
    const bench = await Bench.begin(t);
    const { journal } = bench;
    const last = journal.lastIndexOf('SLJ\u0001');
    const first = Math.max(0, journal.length - 4096);
    const random = mulberry32(11);
    for (let count = 0; count < (thorough ? 4_000 : 60); count += 1) {
      const bit = 8 * first + Math.floor(random() * 8 * (journal.length - first));
      const changed = Buffer.from(journal);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(await bench.try(changed, `bit ${bit}`), bit >> 3 < last ? 'refused' : 'clean');
    }
  });

  test('that somebody else has written in', { timeout }, async (t) => {
    const bench = await Bench.begin(t);
    const seen = { refused: 0, clean: 0 };
    for (let seed = 0; seed < (thorough ? 4_000 : 100); seed += 1) {
      seen[await bench.try(mutated(bench.journal, seed), `mutation ${seed}`)] += 1;
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.refused > 0 && seen.clean > 0);
  });

  test(
    'of which the records make no sense, with checksums that are right: no failure of another kind',
    { timeout },
    async (t) => {
      const bench = await Bench.begin(t);
      const random = mulberry32(5);
      let refused = 0;
      for (let count = 0; count < (thorough ? 4_000 : 100); count += 1) {
        const forged = Buffer.from(bench.journal);
        const at = PREAMBLE.length + FRAME_HEADER_SIZE;
        const size = claimedSize(forged.subarray(PREAMBLE.length)) as number;
        const payload = forged.subarray(at, PREAMBLE.length + size);
        // Kinds and lengths are where it begins; all else is what it says.
        payload[Math.floor(random() ** 2 * payload.length)] = Math.floor(random() * 256);
        forged.writeUInt32LE(crc32(payload, PREAMBLE.length), PREAMBLE.length + 8);
        if (await isRefused(bench, forged, `forgery ${count}`)) refused += 1;
      }
      assert.ok(refused > 0);
    },
  );
});

/** What is forged may say anything, so nothing is asked of the tree. */
async function isRefused(bench: Bench, journal: Buffer, what: string): Promise<boolean> {
  try {
    return (await bench.try(journal, what)) === 'refused';
  } catch (error) {
    // What is said of the run itself begins so; all else is of the tree.
    assert.ok(error instanceof assert.AssertionError && !error.message.startsWith(`${what}: `), String(error));
    return false;
  }
}

/** Changed in one to three places: bytes are overwritten, inserted, removed, doubled, or cut off. */
function mutated(journal: Buffer, seed: number): Buffer {
  const random = mulberry32(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  let bytes: Buffer = journal;
  for (let times = 1 + below(3); times > 0; times -= 1) {
    const at = below(bytes.length);
    const size = 1 + below(random() < 0.5 ? 8 : 600);
    const noise = Buffer.from(Array.from({ length: size }, () => below(256)));
    const some = bytes.subarray(at, at + size);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + size)];
    const ways = [
      [before, noise, after],
      [before, noise, some, after],
      [before, after],
      [before, some, some, after],
      [before],
    ];
    bytes = Buffer.concat(ways[below(ways.length)] as Buffer[]);
  }
  return bytes;
}
