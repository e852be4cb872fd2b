/** What a robots.txt says (RFC 9309), as far as it is meant for one program. Pure. */

/** Paths with `*` for anything, and with `$` at their end for the end; what begins as one says is meant. */
interface Rule {
  readonly pattern: string;
  readonly allows: boolean;
}

export interface RobotsRules {
  /** The longest pattern first, and of two as long, what allows: the first that matches counts. */
  readonly rules: readonly Rule[];
  /** Crawl-delay: milliseconds between the beginnings of two requests; 0 for none. */
  readonly delay: number;
}

/** Of a robots.txt that is not there, and of one that is empty. */
export const ALL_ALLOWED: RobotsRules = { rules: [], delay: 0 };

/** Bytes that are read of it: what RFC 9309, 2.5 asks for at the least. */
export const MAX_ROBOTS = 500 << 10;
/** Characters of a path in which parts between two `*` are looked for, so that no server makes that take long. */
const MAX_SEARCHED = 4096;

/** What is said to some programs in groups, which count as one. */
interface Group {
  readonly rules: Rule[];
  delay: number;
}

/** @param token what the program is called, in lower case */
export function parseRobots(text: string, token: string): RobotsRules {
  const own: Group = { rules: [], delay: 0 };
  const everyone: Group = { rules: [], delay: 0 };
  let isNamed = false;
  /** Whom the lines at hand are for. */
  let groups = new Set<Group>();
  /** Whether they have begun, so that the next name begins another group. */
  let hasRules = false;
  for (const line of text.replace(/^\ufeff/, '').split(/[\r\n]+/)) {
    const [, key = '', value = ''] = /^\s*([^:#]+?)\s*:\s*([^#]*?)\s*(?:#|$)/.exec(line) ?? [];
    switch (key.toLowerCase()) {
      case 'user-agent': {
        if (hasRules) groups = new Set();
        hasRules = false;
        if (value === '*') groups.add(everyone);
        if (tokenIn(value) !== token || token === '') break;
        isNamed = true;
        groups.add(own);
        break;
      }
      case 'allow':
      case 'disallow': {
        hasRules = true;
        if (value === '') break;
        const rule = { pattern: comparable(value), allows: key.toLowerCase() === 'allow' };
        for (const group of groups) group.rules.push(rule);
        break;
      }
      case 'crawl-delay': {
        const delay = /^\d+(?:\.\d+)?$/.test(value) ? 1_000 * Number(value) : 0;
        for (const group of groups) group.delay = Math.max(group.delay, delay);
        break;
      }
      // No default: other lines are other programs' business (2.2.4).
    }
  }
  const { rules, delay } = isNamed ? own : everyone;
  if (rules.length === 0 && delay === 0) return ALL_ALLOWED;
  const sorted = rules.toSorted((a, b) => b.pattern.length - a.pattern.length || Number(b.allows) - Number(a.allows));
  return { rules: sorted, delay };
}

/** @param path of a URL, with its query */
export function allows({ rules }: RobotsRules, path: string): boolean {
  if (rules.length === 0 || path === '/robots.txt') return true;
  const wanted = comparable(path);
  return rules.find(({ pattern }) => matches(pattern, wanted))?.allows ?? true;
}

function matches(pattern: string, path: string): boolean {
  const isWhole = pattern.endsWith('$');
  const parts = (isWhole ? pattern.slice(0, -1) : pattern).split('*');
  const first = parts[0] as string;
  if (!path.startsWith(first)) return false;
  if (parts.length === 1) return !isWhole || path.length === first.length;
  const last = isWhole ? (parts.pop() as string) : '';
  const searched = path.slice(0, MAX_SEARCHED);
  let at = first.length;
  // The first place is the best: it leaves most of the path for the parts that follow.
  for (const part of parts.slice(1)) {
    const found = searched.indexOf(part, at);
    if (found === -1 && part !== '') return false;
    at = Math.max(at, found + part.length);
  }
  return path.endsWith(last) && path.length - last.length >= at;
}

/** `sluice` of `Sluice/1.0`. */
function tokenIn(value: string): string {
  return (/^[^/\s]*/.exec(value)?.[0] ?? '').toLowerCase();
}

const ESCAPE = /%([0-9a-f]{2})/gi;
const UNRESERVED = /[\w.~-]/;
/** What URLs have as escapes. */
const NEVER_PLAIN = /[\0-\x20"<>`{}\x7f-\u{10ffff}]+/gu;

/** As RFC 9309, 2.2.2 has paths compared: with no escape that need not be, and with all that must. */
function comparable(path: string): string {
  const plain = path.includes('%')
    ? path.replace(ESCAPE, (escape, hex: string) => {
        const character = String.fromCharCode(parseInt(hex, 16));
        return UNRESERVED.test(character) ? character : escape.toUpperCase();
      })
    : path;
  return plain.replace(NEVER_PLAIN, (characters) => encodeURIComponent(characters));
}
