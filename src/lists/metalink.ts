/** Metalinks: version 4 (RFC 5854) and version 3. */
import { algorithmOf, BY_STRENGTH, readChecksum } from './checksum.js';
import type { Fault } from './fault.js';
import { urlFault } from './records.js';
import { faulty, type ListRow } from './row.js';
import type { XmlElement, XmlRows } from './xml.js';

const HTTP_URL = /^https?:\/\//i;
/** RFC 5854, 4.2.16.1: the order of a URL that has none. */
const LAST = 999_999;
/** URLs and hashes of one file that are looked at. */
const MAX_PARTS = 1000;

const NO_URL: Fault = {
  message: 'a file without an http or https URL',
  hint: 'fetch it with a program that takes its other kinds of URLs',
};

interface File {
  readonly name: string;
  readonly urls: { readonly url: string; readonly order: number }[];
  readonly hashes: { readonly type: string; readonly text: string }[];
}

export class Metalink implements XmlRows {
  #file: File | undefined;

  open({ name, attributes }: XmlElement): void {
    if (name === 'file') this.#file = { name: attributes['name'] ?? '', urls: [], hashes: [] };
  }

  close(element: XmlElement, path: readonly XmlElement[], text: string, line: number): ListRow | undefined {
    const file = this.#file;
    if (file === undefined) return undefined;
    const { name, attributes } = element;
    const within = path.at(-1)?.name;
    if (name === 'url' && (within === 'file' || within === 'resources')) {
      if (HTTP_URL.test(text) && file.urls.length < MAX_PARTS)
        file.urls.push({ url: text, order: orderOf(attributes) });
    } else if (name === 'hash' && (within === 'file' || within === 'verification')) {
      const type = attributes['type'] ?? '';
      if (algorithmOf(type) !== undefined && file.hashes.length < MAX_PARTS) file.hashes.push({ type, text });
    } else if (name === 'file') {
      this.#file = undefined;
      return rowOf(file, line);
    }
    return undefined;
  }
}

/** The least first: version 4 counts up from 1, version 3 down from 100. */
function orderOf({ priority, preference }: XmlElement['attributes']): number {
  if (priority !== undefined) return Number(priority) || LAST;
  return preference === undefined ? LAST : 100 - (Number(preference) || 0);
}

function rowOf({ name, urls, hashes }: File, line: number): ListRow {
  const [text, ...mirrors] = urls.sort((a, b) => a.order - b.order).map(({ url }) => url);
  if (text === undefined) return faulty(line, name, NO_URL);
  const strongest = BY_STRENGTH.findLast((algorithm) => hashes.some(({ type }) => algorithmOf(type) === algorithm));
  const hash = hashes.find(({ type }) => algorithmOf(type) === strongest);
  const checksum = hash === undefined ? undefined : readChecksum(hash.text, strongest);
  const fault = urlFault(text) ?? (checksum !== undefined && 'message' in checksum ? checksum : undefined);
  if (fault !== undefined) return faulty(line, text, fault);
  const slash = name.lastIndexOf('/');
  return {
    number: line,
    text,
    fault,
    name: name.slice(slash + 1),
    folder: slash > 0 ? name.slice(0, slash) : undefined,
    mirrors: mirrors.length === 0 ? undefined : mirrors,
    details: checksum !== undefined && !('message' in checksum) ? { checksum } : undefined,
  };
}
