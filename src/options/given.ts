/** What a program gives to the library, held against what it takes: types are gone when it runs. */
import { UsageError } from '../errors.js';
import { type OptionName, OPTIONS, type Row } from './table.js';

/** @throws UsageError that names the property */
export function checkGiven(options: object): void {
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(`the options are no object: ${shown(options)}`, "write them as { directory: 'downloads' }");
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      const near = nearest(name);
      throw new UsageError(
        `there is no option ${name}`,
        near === undefined ? 'see the type DownloadOptions' : `did you mean ${near}?`,
      );
    }
    const { types } = (OPTIONS[name as OptionName] as Row<unknown, unknown, unknown>).kind;
    if (types === undefined || value === undefined) continue;
    if (value !== null && types.some((type) => type === typeof value)) continue;
    throw new UsageError(
      `the option ${name} is no ${types.join(' or ')}: ${shown(value)}`,
      `give a ${types.join(' or a ')}`,
    );
  }
}

/** @throws UsageError for what can never be URLs */
export function checkUrls(urls: unknown): void {
  const isOne = typeof urls === 'string' || urls instanceof URL;
  const object = typeof urls === 'object' && urls !== null ? urls : undefined;
  if (!isOne && object !== undefined && (Symbol.iterator in object || Symbol.asyncIterator in object)) return;
  throw new UsageError(
    isOne
      ? `the first argument is one URL, not several: ${shown(String(urls))}`
      : `the first argument is no list of URLs: ${shown(urls)}`,
    "give an array, or what can be iterated: download(['https://example.com/a'])",
  );
}

function shown(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value).slice(0, 100)
    : (JSON.stringify(value)?.slice(0, 100) ?? typeof value);
}

/** The option that differs least, if that is not much. */
function nearest(name: string): string | undefined {
  const wanted = name.toLowerCase();
  const near = Object.keys(OPTIONS).map((option) => [distance(wanted, option.toLowerCase()), option] as const);
  const [[least, option] = [Infinity, '']] = near.toSorted(([a], [b]) => a - b);
  return least <= Math.max(1, Math.floor(name.length / 3)) ? option : undefined;
}

/** Of Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
