/** `--report FILE`: the summary as JSON. */
import { open, type FileHandle } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import { withoutPassword } from '../plan/printable.js';
import type { Outcome, Summary } from '../report.js';

/** Failed items that the report lists; all are counted. */
const MAX_FAILURES = 1000;

export class ReportFile {
  readonly #file: FileHandle;
  readonly #failures: object[] = [];

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * Opened before the run, so that a wrong path costs nothing; what is there stays until there is something to write.
   *
   * @throws UsageError when the file cannot be written
   */
  static async open(path: string | undefined): Promise<ReportFile | undefined> {
    if (path === undefined) return undefined;
    try {
      return new ReportFile(await open(path, 'a'));
    } catch (error) {
      throw new UsageError(
        `--report ${path} cannot be written: ${(error as Error).message}`,
        'choose another place',
        error,
      );
    }
  }

  note(outcome: Outcome): void {
    if (outcome.status === 'ok' || this.#failures.length >= MAX_FAILURES) return;
    const { code, message, hint } = outcome.error;
    const url = withoutPassword(outcome.url);
    this.#failures.push({ index: outcome.index, url, status: outcome.status, code, message, hint });
  }

  async write(command: string, summary: Summary): Promise<void> {
    const { ok, unproven, notFound, errors, skipped, duplicates, bytes, elapsed, causes, verdict } = summary;
    const counts = { ok, unproven, notFound, errors, skipped, duplicates, bytes };
    const report = { command, ...counts, elapsed, causes, verdict, failures: this.#failures };
    await this.#file.truncate();
    await this.#file.writeFile(`${JSON.stringify(report, undefined, 2)}\n`);
    await this.#file.close();
  }
}
