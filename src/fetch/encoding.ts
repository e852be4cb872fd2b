/** Which content-encodings are asked for, and which are undone. */

/** What is asked for: what the store can undo. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

/**
 * What servers say that is no coding: nothing is to be undone. Besides words for nothing those are charsets, types, the encodings of
 * mail (RFC 2045, 6.1), which whoever stores files at S3 gives to what was sent so, and that of an upload to S3, which it undoes itself.
 */
const NO_CODING = new RegExp(
  `^(?:${[
    'identity|none|null|undefined|false|raw|plain|text',
    '7bit|8bit|binary|base64|quoted-printable|aws-chunked',
    'utf-?(?:8|16)|(?:us-)?ascii|iso-?8859-\\d+|latin-?1|windows-125\\d|cp-?125\\d',
    '[a-z]+/[a-z0-9.+-]+',
  ].join('|')})?$`,
  'i',
);

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
  const codings = contentEncoding
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => !NO_CODING.test(coding))
    .join(', ');
  return isItself ? codings.replace(GZIP_FIRST, '') : codings;
}

/** Whether what undoes these codings finds a cut body out: each of them has an end of its own. @param codings to undo */
export function provesEnd(codings: string): boolean {
  return codings !== '';
}
