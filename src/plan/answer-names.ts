/** What an item is called by what is answered for it: by Content-Disposition, the end of its redirects, and Content-Type. */
import type { Item } from '../item.js';
import { nameFromDisposition } from './disposition.js';
import { adjustExtension } from './extensions.js';
import { plainName, safeName } from './names.js';
import { safePath } from './paths.js';

/** Which of what an answer tells makes names. */
export interface AnswerRules {
  readonly contentDisposition: boolean;
  readonly trustServerNames: boolean;
  readonly adjustExtension: boolean;
  /** Whether a template's names are host and path, the last part of which comes from the URL. */
  readonly directories: boolean;
  /** How many characters of a name are the layout's folder. */
  readonly base: number;
}

/** What names are made of. Empty for what was not sent. */
export interface Answered {
  /** Where redirects have led. */
  readonly url: string;
  readonly disposition: string;
  readonly contentType: string;
}

/**
 * A safe path, which other items may have, too. What a list calls an item counts for more than all that is answered; what
 * `--name` calls it, for more than all but the extension. Only the last part of a name changes: Content-Disposition says it,
 * or else the URL at the end of redirects; the extension comes last.
 */
export function nameByAnswer(item: Item, answered: Answered, rules: AnswerRules): string {
  const { name, named } = item;
  if (named === 'list') return name;
  const own = named === undefined || rules.directories ? ownByAnswer(item, answered, rules) : undefined;
  const renamed = own === undefined ? name : withOwn(name, own, rules.base);
  return rules.adjustExtension ? adjustExtension(renamed, answered.contentType) : renamed;
}

/** Undefined where nothing says another name than that of its URL, which may have got a mark. */
function ownByAnswer(item: Item, { url, disposition }: Answered, rules: AnswerRules): string | undefined {
  const told = rules.contentDisposition && disposition !== '' ? nameFromDisposition(disposition) : undefined;
  let own = told === undefined ? undefined : safeName(told);
  if (own === undefined && rules.trustServerNames && url !== item.origin + item.path) own = plainName(url);
  return own === plainName(item.url) ? undefined : own;
}

function withOwn(name: string, own: string, base: number): string {
  const folder = name.slice(base, name.lastIndexOf('/') + 1);
  return name.slice(0, base) + safePath(folder + own);
}
