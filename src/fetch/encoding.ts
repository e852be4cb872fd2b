/** Which content-encodings are asked for, and which are undone. */

/** What is asked for: what the store can undo. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

const COMPRESSED_FILE = /\.(?:t?gz|svgz)$/i;
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

/** The codings to undo before the body is stored; empty for none. */
export function codingToUndo(contentEncoding: string, contentType: string, path: string): string {
  return COMPRESSED_TYPE.test(contentType) || isCompressedFile(path) ? '' : contentEncoding;
}
