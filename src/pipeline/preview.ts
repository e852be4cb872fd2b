/** What a run would make of its lists: planned, and held against the destination and its journal. Nothing is requested or written. */
import { join } from 'node:path';
import { ownFolder } from '../destination/destination.js';
import { lookIntoDestination } from '../destination/look.js';
import { examineFile } from '../journal/examine.js';
import { lookAtJournal } from '../journal/look.js';
import { JOURNAL } from '../journal/open.js';
import type { Admitted } from '../journal/placement.js';
import { FileSizes } from '../journal/sizes.js';
import type { Source } from '../lists/source.js';
import { answersName, type ResolvedOptions } from '../options/resolve.js';
import { plan } from '../plan/plan.js';
import { filterOf } from './resume.js';

/**
 * What becomes of each entry, in the order of the lists.
 *
 * @throws SluiceError as a run would, of lists, the destination and the journal
 */
export async function* preview(
  sources: readonly Source[],
  options: ResolvedOptions,
): AsyncGenerator<readonly Admitted[], void, undefined> {
  const { directory, layout, name, checksums, overwrite, state = ownFolder(directory) } = options;
  const tellNamed = answersName(options);
  const { present, shards } = await lookIntoDestination(directory, layout);
  const journal = options.journal ? await lookAtJournal(join(state, JOURNAL), layout, overwrite, shards) : undefined;
  const sizes = new FileSizes(directory);
  try {
    const there = {
      present: overwrite && journal?.known === undefined ? undefined : present,
      sizes,
      examine: (file: string) => examineFile(join(directory, file)),
    };
    const filter = filterOf(options, there, journal?.known);
    const planned = plan(sources, { layout, template: name, checksums, directory, tellNamed });
    for await (const entries of planned) yield await filter.admit(entries);
  } finally {
    sizes.close();
    await journal?.close();
  }
}
