/** `--dataset img2dataset`: what lies beside the shards, written at the end of a run. */
import { join } from 'node:path';
import { UsageError } from '../../errors.js';
import { JOURNAL } from '../../journal/open.js';
import { Table } from '../../journal/table.js';
import { isInShards } from '../../protocol/layouts.js';
import type { ResultsOf, ResultsWriter } from '../results.js';
import { isWritten } from '../written.js';
import { exportDataset } from './export.js';

export class Dataset implements ResultsWriter {
  readonly #of: ResultsOf;

  /** @throws UsageError for a run that makes no shards, or is not written down */
  constructor(kind: string, of: ResultsOf) {
    const { layout, journal } = of;
    if (!isInShards(layout)) {
      throw new UsageError(`--dataset ${kind} does not go with --layout ${layout}`, 'add --layout tar');
    }
    if (!journal) throw new UsageError('--dataset does not go with --no-journal', 'leave one of them out');
    this.#of = of;
  }

  note(): void {
    // All of it is in the journal.
  }

  async abandon(): Promise<void> {
    // Nothing is begun before the end.
  }

  close(): Promise<boolean> {
    const { directory, state } = this.#of;
    return isWritten('--dataset', directory, async () => {
      const table = await Table.open(join(state, JOURNAL), directory);
      if (table === undefined) return;
      try {
        // A run without any row leaves nothing to tell.
        if (table.someRows) await exportDataset(table, directory, '--dataset');
      } finally {
        await table.close();
      }
    });
  }
}
