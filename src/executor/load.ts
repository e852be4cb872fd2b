/** What there is to do for writers, and where their time went. */
import type { Times } from '../protocol/times.js';

/** What the store has to do. */
export interface Load {
  /** Bodies that wait for a writer; not those that a writer has in hand. */
  readonly waiting: number;
  readonly writers: number;
  /** What the writers' time went to, of the work that ended since the last look. */
  readonly times: Times;
  /** Writers run on the main thread, which therefore is not idle while they hold it up. */
  readonly onMain: boolean;
  /** Writers wait in one thread, whose time on a processor is therefore told by each of them as its own. */
  readonly sharing: boolean;
}
