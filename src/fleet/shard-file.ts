/** The list of a shard while it is written. */
import { createHash } from 'node:crypto';
import type { ShardEntry } from './manifest.js';
import { listPath } from './plan-folder.js';
import { TextFile } from './text-file.js';

export class ShardFile {
  readonly shard: number;
  readonly #hash = createHash('sha256');
  #file: TextFile | undefined;
  #rows = 0;
  #items = 0;
  #bytes = 0;

  private constructor(shard: number) {
    this.shard = shard;
  }

  /** @throws StorageError */
  static async make(directory: string, shard: number): Promise<ShardFile> {
    const list = new ShardFile(shard);
    const onWritten = (bytes: Buffer): void => {
      list.#hash.update(bytes);
      list.#bytes += bytes.length;
    };
    list.#file = await TextFile.make(listPath(directory, shard), { onWritten });
    return list;
  }

  get rows(): number {
    return this.#rows;
  }

  /** @returns undefined where nothing had to be waited for @throws StorageError */
  add(line: string, isItem: boolean): Promise<void> | undefined {
    this.#rows += 1;
    if (isItem) this.#items += 1;
    return this.#file?.add(line);
  }

  /** When all of it outlasts a power cut. @throws StorageError */
  async close(): Promise<ShardEntry> {
    await this.#file?.close(true);
    return { rows: this.#rows, items: this.#items, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}
