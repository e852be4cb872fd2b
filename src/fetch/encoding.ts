/** Which content-encodings are asked for, and which are undone. */

/** What is asked for: what the store can undo. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

const COMPRESSED_FILE = /\.(?:t?gz|svgz)$/i;
const GZIP_FIRST = /^\s*(?:x-)?gzip\s*(?:,\s*|$)/i;
const COMPRESSED_TYPE = /^application\/(?:x-)?(?:gzip|gtar-compressed|compressed-tar|tgz)\b/i;

/**
 * Whether the file itself is gzip. Many servers send `photos.tar.gz` with `Content-Encoding: gzip` (Apache's AddEncoding);
 * who asks for that file wants it as it lies there, so for such a path no encoding is asked for and none is undone.
 *
 * @param path path and query
 */
export function isCompressedFile(path: string): boolean {
  const query = path.indexOf('?');
  return COMPRESSED_FILE.test(query === -1 ? path : path.slice(0, query));
}

/**
 * The codings to undo before the body is stored; empty for none. They are listed in the order in which they were
 * applied (RFC 9110, 8.4), so of a file that is gzip itself only the first is its own.
 *
 * @param paths path and query of the item and of where it was found
 */
export function codingToUndo(contentEncoding: string, contentType: string, ...paths: readonly string[]): string {
  const isItself = COMPRESSED_TYPE.test(contentType) || paths.some(isCompressedFile);
  return isItself ? contentEncoding.replace(GZIP_FIRST, '') : contentEncoding;
}

/** Whether what undoes these codings finds a cut body out: each of them has an end of its own. */
export function provesEnd(codings: string): boolean {
  return codings.split(',').some((coding) => !/^\s*(?:identity\s*)?$/i.test(coding));
}
