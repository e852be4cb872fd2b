/** The forms in which a command writes what became of items: each has a file beside this one, and a row here. */
import type { Flag, Values } from '../options/flags.js';
import type { Outcome, Summary } from '../outcome.js';
import type { Layout } from '../protocol/settings.js';

export interface ResultsWriter {
  /** Told of each outcome, as it is known. */
  note(outcome: Outcome): void;
  /**
   * Once, after the last of them.
   *
   * @param command its name, such as `get`
   * @returns whether all is written; why not is told
   */
  close(command: string, summary: Summary): Promise<boolean>;
  /** In place of {@link close}: the run never began. */
  abandon(): Promise<void>;
}

/** What the results are of. */
export interface ResultsOf {
  /** Destination, absolute. */
  readonly directory: string;
  /** Whether the run is written down. */
  readonly journal: boolean;
  /** Folder of the journal. */
  readonly state: string;
  readonly layout: Layout;
}

/** What is no table: files beside the shards of a destination. */
export const DATASET = 'img2dataset';

interface Form {
  /** Names the file, or a form of its own. */
  readonly flag: Flag;
  /** Before the run, so that a wrong path costs nothing. @throws UsageError when it cannot be written */
  readonly open: (path: string, of: ResultsOf) => Promise<ResultsWriter>;
}

const FORMS: Readonly<Record<string, Form>> = {
  report: {
    flag: { flag: '--report <FILE>', help: 'write the summary as JSON; - is standard output' },
    open: async (path) => (await import('./json-report.js')).JsonReport.open(path),
  },
  metadata: {
    flag: {
      flag: '--metadata <FILE>',
      help: 'write what is known of each item, as sluice export does: .csv, .jsonl, .parquet and others',
    },
    open: async (path, of) => (await import('./metadata.js')).Metadata.open(path, of),
  },
  dataset: {
    flag: {
      flag: '--dataset <kind>',
      help: 'with --layout tar: write beside the shards what this program has there',
      choices: [DATASET],
    },
    open: async (kind, of) => new (await import('./dataset/dataset.js')).Dataset(kind, of),
  },
};

export const RESULTS_FLAGS: readonly Flag[] = Object.values(FORMS).map(({ flag }) => flag);

/** All forms that were asked for, as one. @throws UsageError */
export async function openResults(values: Values, of: ResultsOf): Promise<ResultsWriter> {
  const writers: ResultsWriter[] = [];
  for (const [name, { open }] of Object.entries(FORMS)) {
    const path = values[name];
    if (typeof path !== 'string') continue;
    try {
      writers.push(await open(path, of));
    } catch (error) {
      for (const writer of writers) await writer.abandon();
      throw error;
    }
  }
  return {
    note: (outcome) => {
      for (const writer of writers) writer.note(outcome);
    },
    close: async (command, summary) => {
      const written = await Promise.all(writers.map((writer) => writer.close(command, summary)));
      return !written.includes(false);
    },
    abandon: async () => {
      for (const writer of writers) await writer.abandon();
    },
  };
}
