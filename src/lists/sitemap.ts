/** Sitemaps (sitemaps.org): the location of each URL. An index of sitemaps names lists, which nobody asked for by name. */
import { urlFault } from './records.js';
import { faulty, type ListRow } from './row.js';
import type { XmlElement, XmlRows } from './xml.js';

const INDEXED = {
  message: 'a sitemap of an index, which is not followed',
  hint: 'give its URL with --input-file',
};

export class Sitemap implements XmlRows {
  open(): void {
    // Nothing is kept of what is not closed.
  }

  close({ name }: XmlElement, path: readonly XmlElement[], text: string, line: number): ListRow | undefined {
    if (name !== 'loc' || path.length !== 2) return undefined;
    const within = path[1]?.name;
    if (within === 'sitemap') return faulty(line, text, INDEXED);
    if (within !== 'url') return undefined;
    const fault = urlFault(text);
    return fault === undefined ? { number: line, text, fault, name: '' } : faulty(line, text, fault);
  }
}
