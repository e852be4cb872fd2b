/** What status, retry and verify have in common: the journal of a destination, which has to be there. */
import { join, resolve } from 'node:path';
import { ownFolder } from '../destination/destination.js';
import { UsageError } from '../errors.js';
import type { RunRecord } from '../journal/format.js';
import { JOURNAL } from '../journal/open.js';
import { Survey } from '../journal/history.js';

export interface SurveyArguments {
  /** Destination. */
  readonly directory: string;
  readonly state?: string;
}

export function journalPath({ directory, state }: SurveyArguments): string {
  return join(state ?? ownFolder(resolve(directory)), JOURNAL);
}

/**
 * @param assumed as of {@link Survey.open}
 * @throws UsageError when there is none, or it belongs to another destination
 */
export async function openSurvey(args: SurveyArguments, assumed?: RunRecord): Promise<Survey> {
  const { directory, state } = args;
  const survey = await Survey.open(journalPath(args), assumed);
  if (survey === undefined) {
    throw new UsageError(
      `there is no journal in ${state ?? ownFolder(directory)}`,
      'name the destination of a run, and with --state the folder of its journal if that is elsewhere',
    );
  }
  const { record } = survey.lastRun;
  if (state === undefined || record.directory === resolve(directory)) return survey;
  await survey.close();
  throw new UsageError(
    `--state ${state} belongs to ${record.directory}, not to ${directory}`,
    'name the one or the other',
  );
}
