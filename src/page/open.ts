/** Opens the page of a run, where one is asked for. */
import { UsageError } from '../errors.js';
import type { Values } from '../options/flags.js';
import type { ResultsOf } from '../results/results.js';
import type { RunPage } from './run-page.js';

/** @returns undefined where none is asked for, and then nothing is loaded. @throws UsageError before anything is requested */
export async function openPage(values: Values, command: string, of: ResultsOf): Promise<RunPage | undefined> {
  const { listen, listenTokenFile } = values as { readonly listen?: string; readonly listenTokenFile?: string };
  if (listen !== undefined) {
    const { RunPage } = await import('./run-page.js');
    return RunPage.open(listen, listenTokenFile, command, of);
  }
  if (listenTokenFile === undefined) return undefined;
  throw new UsageError('--listen-token-file goes with --listen', 'give it, too');
}
