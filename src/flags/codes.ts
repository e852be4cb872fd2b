/** Country codes, and the CC arguments of the flags2 scripts of *Fluent Python* (its `expand_cc_args`). */

import { UsageError } from '../errors.js';

/** The 194 countries that have a flag on the book's server (`--all`), sorted. */
export const ALL_CODES: readonly string[] = `
  AD AE AF AG AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO BR BS BT BW BY BZ CA CD CF CG CH CI CL CM CN CO
  CR CU CV CY CZ DE DJ DK DM DZ EC EE EG ER ES ET FI FJ FM FR GA GB GD GE GH GM GN GQ GR GT GW GY HN HR HT HU ID IE
  IL IN IQ IR IS IT JM JO JP KE KG KH KI KM KN KP KR KW KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML
  MM MN MR MT MU MV MW MX MY MZ NA NE NG NI NL NO NP NR NZ OM PA PE PG PH PK PL PT PW PY QA RO RS RU RW SA SB SC SD
  SE SG SI SK SL SM SN SO SR SS ST SV SY SZ TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VN VU WS
  YE ZA ZM ZW`
  .trim()
  .split(/\s+/);

/** The 20 most populous countries of the book, the most populous first: what is downloaded when no code is given. */
export const POP20: readonly string[] = 'CN IN US ID BR PK NG BD RU JP MX PH VN ET EG DE IR TR CD FR'.split(' ');

const LETTERS: readonly string[] = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

// Tested before the case is changed: other letters turn into A to Z when they are upper-cased (`ß` into `SS`).
const CC_ARGUMENT = /^[A-Za-z]{1,2}$/;

export interface CodeSelection {
  /** CC arguments, in any case: two letters name a code, one letter all 26 codes that start with it. */
  readonly codes: readonly string[];
  /** AA to ZZ, all 676, most of which no country has. Goes before `all` and `codes`. */
  readonly every: boolean;
  /** The 194 of {@link ALL_CODES}. Goes before `codes`. */
  readonly all: boolean;
  /** The most codes to return, 1 or more; undefined for no limit. */
  readonly limit: number | undefined;
}

/**
 * The codes that a command line asks for: upper case, sorted, each once, the first `limit` of them; {@link POP20} if
 * it asks for none. As in the book, `codes` is not looked at when `every` or `all` is given.
 *
 * @throws UsageError for a CC argument that is not one or two letters of A to Z
 */
export function expandCodes({ codes, every, all, limit }: CodeSelection): string[] {
  return [...new Set(select(codes, every, all))].sort().slice(0, limit);
}

function select(codes: readonly string[], every: boolean, all: boolean): readonly string[] {
  if (every) return LETTERS.flatMap(withEachLetter);
  if (all) return ALL_CODES;
  return codes.length === 0 ? POP20 : codes.flatMap(expandArgument);
}

function expandArgument(argument: string): string[] {
  if (!CC_ARGUMENT.test(argument)) {
    throw new UsageError(
      `${JSON.stringify(argument)}: each CC argument must be A to Z or AA to ZZ`,
      'give two letters for one country (BR), or one letter for all codes that start with it (B)',
    );
  }
  const code = argument.toUpperCase();
  return code.length === 1 ? withEachLetter(code) : [code];
}

function withEachLetter(first: string): string[] {
  return LETTERS.map((second) => first + second);
}
