/** Which content-encodings are asked for, and which are undone. */
import zlib from 'node:zlib';

/** What is asked for: what the store can undo. Zstandard is undone without it, too, but not as fast as by Node's zlib. */
export const ACCEPT_ENCODING = 'zstdDecompressSync' in zlib ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br';

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

/** A file's own compression: by what name or type it is known, and as what coding servers tell it. */
interface Compression {
  readonly path: RegExp;
  readonly type: RegExp;
  readonly first: RegExp;
}

const COMPRESSIONS: readonly Compression[] = [
  {
    path: /\.(?:t?gz|svgz)$/i,
    type: /^application\/(?:x-)?(?:gzip|gtar-compressed|compressed-tar|tgz)\b/i,
    first: /^\s*(?:x-)?gzip\s*(?:,\s*|$)/i,
  },
  { path: /\.(?:t?zst|zstd)$/i, type: /^application\/(?:x-)?zstd\b/i, first: /^\s*zstd\s*(?:,\s*|$)/i },
  // Of no type.
  { path: /\.br$/i, type: /^\b$/, first: /^\s*br\s*(?:,\s*|$)/i },
];

/**
 * Whether the file itself is compressed. Many servers send `photos.tar.gz` with `Content-Encoding: gzip` (Apache's AddEncoding);
 * who asks for that file wants it as it lies there, so for such a path no encoding is asked for and none is undone.
 *
 * @param path path and query
 */
export function isCompressedFile(path: string): boolean {
  const bare = withoutQuery(path);
  return COMPRESSIONS.some((compression) => compression.path.test(bare));
}

/**
 * The codings to undo before the body is stored; empty for none. They are listed in the order in which they were
 * applied (RFC 9110, 8.4), so of a file that is compressed itself only the first is its own.
 *
 * @param paths path and query of the item and of where it was found
 */
export function codingToUndo(contentEncoding: string, contentType: string, ...paths: readonly string[]): string {
  const codings = contentEncoding
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => !NO_CODING.test(coding))
    .join(', ');
  const own = COMPRESSIONS.find(
    ({ path, type, first }) =>
      first.test(codings) && (type.test(contentType) || paths.some((one) => path.test(withoutQuery(one)))),
  );
  return own === undefined ? codings : codings.replace(own.first, '');
}

function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

/** Whether what undoes these codings finds a cut body out: each of them has an end of its own. @param codings to undo */
export function provesEnd(codings: string): boolean {
  return codings !== '';
}
