/** `--report FILE`: the summary as JSON. */
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { UsageError } from '../errors.js';
import { withoutPassword } from '../shared/printable.js';
import type { Failed, NotFound, Outcome, Replaced, Stored, Summary } from '../outcome.js';
import type { ResultsWriter } from './results.js';
import { isWritten } from './written.js';

/** Items that the report lists of each kind; all are counted. */
const MOST_LISTED = 1000;
/** The name that stands for standard output. */
const STDOUT = '-';

export class JsonReport implements ResultsWriter {
  readonly #path: string;
  /** Undefined for standard output. */
  readonly #file: FileHandle | undefined;
  readonly #failures: object[] = [];
  readonly #replaced: object[] = [];

  private constructor(path: string, file: FileHandle | undefined) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opened before the run, so that a wrong path costs nothing; what is there stays until there is something to write.
   *
   * @throws UsageError when the file cannot be written
   */
  static async open(path: string): Promise<JsonReport> {
    try {
      return new JsonReport(path, path === STDOUT ? undefined : await open(path, 'a'));
    } catch (error) {
      throw new UsageError(
        `--report ${path} cannot be written: ${(error as Error).message}`,
        'choose another place',
        error,
      );
    }
  }

  note(outcome: Outcome): void {
    if (outcome.status === 'ok' && outcome.replaces !== undefined) this.#noteReplaced(outcome, outcome.replaces);
    if (!isFailure(outcome) || this.#failures.length >= MOST_LISTED) return;
    const { code, message, hint } = outcome.error;
    const url = withoutPassword(outcome.url);
    this.#failures.push({ index: outcome.index, url, status: outcome.status, code, message, hint });
  }

  async close(command: string, summary: Summary): Promise<boolean> {
    const { waiting: _waiting, running: _running, total: _total, elapsed, causes, verdict, ...counts } = summary;
    const { replaced } = summary;
    const report = {
      command,
      ...counts,
      ...(replaced && { replaced: { ...replaced, list: this.#replaced } }),
      elapsed,
      causes,
      verdict,
      failures: this.#failures,
    };
    const text = `${JSON.stringify(report, undefined, 2)}\n`;
    const file = this.#file;
    if (file !== undefined) return isWritten('--report', this.#path, () => replaceAll(file, text));
    process.stdout.write(text);
    return true;
  }

  async abandon(): Promise<void> {
    await this.#file?.close();
  }

  #noteReplaced({ index, url, name, path }: Stored, before: Replaced): void {
    if (this.#replaced.length >= MOST_LISTED) return;
    this.#replaced.push({ index, url: withoutPassword(url), name, shard: basename(path), before });
  }
}

function isFailure(outcome: Outcome): outcome is NotFound | Failed {
  return outcome.status === 'not_found' || outcome.status === 'error';
}

async function replaceAll(file: FileHandle, text: string): Promise<void> {
  try {
    // A pipe or a device has nothing that could be taken away.
    if ((await file.stat()).isFile()) await file.truncate();
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}
