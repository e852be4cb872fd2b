/** What a program says of an item besides its URL and its name, checked as the rows of a list are. */
import type { ItemDetails } from '../item.js';
import { headerFault } from '../shared/header-line.js';
import { readChecksum } from './checksum.js';
import { columnsFault } from './columns.js';
import type { Fault } from './fault.js';
import type { ItemRequest } from './source.js';

/** What is wrong with the form of what a program gives for an item, whatever its types promise. */
export function formFault(wanted: unknown): Fault | undefined {
  const given = (typeof wanted === 'object' && wanted !== null ? wanted : {}) as { readonly [field: string]: unknown };
  const { url, name, mirrors, headers, columns, checksum } = given;
  if (wanted instanceof URL || isUrl(wanted)) return undefined;
  const hint = "give a URL, or an object such as { url: 'https://example.com/a', name: 'a' }";
  if (!isUrl(url)) return { message: 'neither a URL nor an object with a url', hint };
  if (name !== undefined && typeof name !== 'string') return { message: 'its name is no text', hint };
  const isList = mirrors === undefined || (Array.isArray(mirrors) && mirrors.every((one) => typeof one === 'string'));
  if (!isList) return { message: 'its mirrors are no array of URLs', hint: "give texts: mirrors: ['https://…']" };
  const objects = Object.entries({ headers, columns, checksum });
  const wrong = objects.find(([, value]) => value !== undefined && (typeof value !== 'object' || value === null));
  return wrong && { message: `its ${wrong[0]} are no object`, hint };
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' || value instanceof URL;
}

/** Undefined for one of which nothing is said; without its mirrors. */
export function detailsOf({ checksum, columns, headers }: ItemRequest): ItemDetails | Fault | undefined {
  if (checksum === undefined && columns === undefined && headers === undefined) return undefined;
  const read = checksum && readChecksum(checksum.hex, checksum.algorithm);
  if (read !== undefined && 'message' in read) return read;
  const fault = columns && columnsFault(columns);
  if (fault !== undefined) return fault;
  const fields = Object.entries(headers ?? {});
  for (const [name, value] of fields) {
    if (headerFault(name, value) !== undefined) {
      return { message: `${JSON.stringify(`${name}: ${value}`)} is no header that may be sent`, hint: 'leave it out' };
    }
  }
  return { ...(read && { checksum: read }), ...(columns && { columns }), ...(headers && { headers: fields.flat() }) };
}
