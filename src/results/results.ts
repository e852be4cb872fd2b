/** The forms in which a command writes what became of items: each has a file beside this one, and a row here. */
import { UsageError } from '../errors.js';
import type { Flag, Values } from '../options/flags.js';
import type { Outcome, Summary } from '../outcome.js';
import type { Layout } from '../protocol/settings.js';

export interface ResultsWriter {
  /**
   * Once, before a run, where the form tells how that is meanwhile.
   *
   * @param summary undefined until it has begun
   */
  watch?(command: string, summary: () => Summary | undefined): void;
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
  /** The address of its page, where it has one. */
  readonly page?: string | undefined;
}

/** The name that stands for standard output. */
const STDOUT = '-';

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
  events: {
    flag: {
      flag: '--events <FILE>',
      help: 'write what becomes of each item and how the run is, as JSON lines while it goes on; - is standard output',
    },
    open: async (path, of) => (await import('./events.js')).Events.open(path, of),
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
export async function openResults(values: Values, of: ResultsOf): Promise<Required<ResultsWriter>> {
  const writers: ResultsWriter[] = [];
  checkStandardOutput(values);
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
    watch: (command, summary) => {
      for (const writer of writers) writer.watch?.(command, summary);
    },
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

/** What goes to standard output goes there alone. @throws UsageError */
function checkStandardOutput(values: Values): void {
  const forms = Object.keys(FORMS).filter((name) => values[name] === STDOUT);
  const [first, second] = [...forms.map((name) => `--${name} -`), ...(values['verbose'] === true ? ['--verbose'] : [])];
  // A report comes at the end of the lines that people read; events are for programs.
  if (first === undefined || second === undefined || (first === '--report -' && second === '--verbose')) return;
  throw new UsageError(`${second} does not go with ${first}: both are standard output`, 'give one of them a file');
}
