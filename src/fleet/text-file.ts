/** A file of lines that grows by blocks. */
import { type FileHandle, open } from 'node:fs/promises';
import { storageFailed } from '../journal/examine.js';

/** Characters that are written at once: little, since a plan by host has hundreds of files that grow. */
const BLOCK = 1 << 15;

export class TextFile {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #onWritten: ((bytes: Buffer) => void) | undefined;
  #block = '';

  private constructor(file: FileHandle, path: string, onWritten: ((bytes: Buffer) => void) | undefined) {
    this.#file = file;
    this.#path = path;
    this.#onWritten = onWritten;
  }

  /**
   * For nobody else's eyes: URLs may have passwords.
   *
   * @param onWritten told of all that is in it, block by block
   * @throws StorageError
   */
  static async make(path: string, onWritten?: (bytes: Buffer) => void): Promise<TextFile> {
    try {
      return new TextFile(await open(path, 'w', 0o600), path, onWritten);
    } catch (error) {
      throw storageFailed(error, 'make', path);
    }
  }

  /** @returns undefined where nothing had to be waited for @throws StorageError */
  add(text: string): Promise<void> | undefined {
    this.#block += text;
    return this.#block.length < BLOCK ? undefined : this.#flush();
  }

  /** @param durable whether it is to outlast a power cut @throws StorageError */
  async close(durable: boolean): Promise<void> {
    await this.#flush();
    try {
      if (durable) await this.#file.sync();
      await this.#file.close();
    } catch (error) {
      throw storageFailed(error, 'write', this.#path);
    }
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#block);
    this.#block = '';
    try {
      for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw storageFailed(error, 'write', this.#path);
    }
    this.#onWritten?.(bytes);
  }
}
