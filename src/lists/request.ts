/** What a program says of an item besides its URL and its name, checked as the rows of a list are. */
import type { ItemDetails } from '../item.js';
import { headerFault } from '../shared/header-line.js';
import { readChecksum } from './checksum.js';
import { columnsFault } from './columns.js';
import type { Fault } from './fault.js';
import type { ItemRequest } from './source.js';

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
