/** A file of lines that grows by blocks. */
import { type FileHandle, open } from 'node:fs/promises';
import { storageFailed } from '../journal/examine.js';

/** Characters that are written at once: little, since a plan by host has hundreds of files that grow. */
const BLOCK = 1 << 15;

export interface TextFileSettings {
  /** Told of all that is in it, block by block. */
  readonly onWritten?: (bytes: Buffer) => void;
  /** Default: true. Where too few files may be open, it is opened for each block. */
  readonly staysOpen?: boolean;
}

export class TextFile {
  readonly #path: string;
  readonly #onWritten: ((bytes: Buffer) => void) | undefined;
  readonly #staysOpen: boolean;
  #file: FileHandle | undefined;
  #block = '';

  private constructor(path: string, { onWritten, staysOpen = true }: TextFileSettings) {
    this.#path = path;
    this.#onWritten = onWritten;
    this.#staysOpen = staysOpen;
  }

  /**
   * For nobody else's eyes: URLs may have passwords.
   *
   * @throws StorageError
   */
  static async make(path: string, settings: TextFileSettings = {}): Promise<TextFile> {
    const made = new TextFile(path, settings);
    try {
      made.#file = await open(path, 'w', 0o600);
      if (!made.#staysOpen) await made.#leave();
      return made;
    } catch (error) {
      throw storageFailed(error, 'make', path);
    }
  }

  /** @returns undefined where nothing had to be waited for @throws StorageError */
  add(text: string): Promise<void> | undefined {
    this.#block += text;
    return this.#block.length < BLOCK ? undefined : this.#writeBlock();
  }

  /** @param durable whether it is to outlast a power cut @throws StorageError */
  async close(durable: boolean): Promise<void> {
    try {
      const file = await this.#flush();
      if (durable) await file.sync();
      await this.#leave();
    } catch (error) {
      throw storageFailed(error, 'write', this.#path);
    }
  }

  async #writeBlock(): Promise<void> {
    try {
      await this.#flush();
      if (!this.#staysOpen) await this.#leave();
    } catch (error) {
      throw storageFailed(error, 'write', this.#path);
    }
  }

  async #flush(): Promise<FileHandle> {
    const bytes = Buffer.from(this.#block);
    this.#block = '';
    const file = (this.#file ??= await open(this.#path, 'a'));
    for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
    this.#onWritten?.(bytes);
    return file;
  }

  async #leave(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
