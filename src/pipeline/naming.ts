/** Gives items the names that their answers say, and has the journal know each before anything can be stored under it. */
import { toPlain } from '../errors.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { type Answered, type AnswerRules, nameByAnswer } from '../plan/answer-names.js';
import { DIRECTORIES } from '../plan/template.js';
import { baseOf } from '../protocol/layouts.js';
import type { Naming, Work } from '../schedule/work.js';
import { CANCELLED } from '../../workers/plain.js';
import { whyTaken } from './outcomes.js';
import type { Resumption } from './resume.js';

export class AnswerNaming {
  readonly #rules: AnswerRules;
  readonly #resumption: Resumption;
  readonly #directory: string;

  constructor(options: ResolvedOptions, resumption: Resumption) {
    const { contentDisposition, trustServerNames, adjustExtension, name, layout, directory } = options;
    const directories = name === DIRECTORIES;
    this.#rules = { contentDisposition, trustServerNames, adjustExtension, directories, base: baseOf(layout) };
    this.#resumption = resumption;
    this.#directory = directory;
  }

  /**
   * An answer begins, with a body from its beginning. Only where it says another name than the one before, there is something
   * to be waited for.
   */
  onAnswer(work: Work, answered: Answered): void {
    const { item } = work;
    // A worker may have been lost after it had given the file its name; and what an earlier run has named keeps that.
    if (work.isPoison || item.planned !== undefined) return;
    const wanted = nameByAnswer(item, answered, this.#rules);
    if (wanted === (work.naming?.wanted ?? item.name)) return;
    const { name } = item;
    const naming: Naming = work.naming ?? { wanted, name, settled: undefined, refused: undefined, isKept: false };
    work.naming = naming;
    naming.wanted = wanted;
    const settled = (naming.settled ?? Promise.resolve()).then(() => this.#settle(work, naming, wanted));
    naming.settled = settled;
    void settled.then(() => {
      if (naming.settled === settled) naming.settled = undefined;
    });
  }

  /** Does not throw: a run whose journal cannot be written stops. */
  async #settle(work: Work, naming: Naming, wanted: string): Promise<void> {
    const { filter, journal } = this.#resumption;
    naming.refused = undefined;
    try {
      const placed = await filter.rename(work.item, wanted);
      naming.isKept = placed.kind === 'kept';
      if (placed.kind === 'item') naming.name = placed.item.name;
      else naming.refused = whyTaken(placed, this.#directory);
    } catch (error) {
      const message = `cannot tell whether ${wanted} is free`;
      naming.refused = toPlain(error, { code: 'STORE_FAILED', message, hint: 'see the cause' });
    }
    // What comes of its body is of no use.
    if (naming.refused !== undefined) work.attempt?.cancel(naming.refused);
    else await journal?.written().catch(() => (naming.refused = CANCELLED));
  }
}
