/** What status, retry and verify have in common: the journal of a destination, which has to be there. */
import { join, resolve } from 'node:path';
import { ownFolder } from '../destination/destination.js';
import { UsageError } from '../errors.js';
import type { RunRecord } from '../journal/format.js';
import { JOURNAL } from '../journal/open.js';
import { History } from '../journal/history.js';

export interface HistoryArguments {
  /** Destination. */
  readonly directory: string;
  readonly state?: string;
}

export function journalPath({ directory, state }: HistoryArguments): string {
  return join(state ?? ownFolder(resolve(directory)), JOURNAL);
}

/**
 * @param assumed as of {@link History.open}
 * @throws UsageError when there is none, or it belongs to another destination
 */
export async function openHistory(args: HistoryArguments, assumed?: RunRecord): Promise<History> {
  const history = await History.open(journalPath(args), assumed);
  if (history === undefined) throw noJournal(args);
  try {
    requireOwn(args, history.lastRun.record);
    return history;
  } catch (error) {
    await history.close();
    throw error;
  }
}

export function noJournal({ directory, state }: HistoryArguments): UsageError {
  return new UsageError(
    `there is no journal in ${state ?? ownFolder(directory)}`,
    'name the destination of a run, and with --state the folder of its journal if that is elsewhere',
  );
}

/** @throws UsageError for a journal of another destination */
export function requireOwn({ directory, state }: HistoryArguments, lastRun: RunRecord): void {
  if (state === undefined || lastRun.directory === resolve(directory)) return;
  throw new UsageError(
    `--state ${state} belongs to ${lastRun.directory}, not to ${directory}`,
    'name the one or the other',
  );
}
