/** Which extensions names have by the type of what is in them. */
import { extensionAt, join } from './names.js';

/** The extension that is added comes first; the others are as good. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  'text/html': ['html', 'htm', 'xhtml', 'xht', 'shtml'],
  'application/xhtml+xml': ['xhtml', 'xht', 'html', 'htm'],
  'text/css': ['css'],
  'text/javascript': ['js', 'mjs', 'cjs'],
  'application/json': ['json', 'map', 'webmanifest', 'geojson', 'jsonld'],
  'application/geo+json': ['geojson', 'json'],
  'application/ld+json': ['jsonld', 'json'],
  'application/x-ndjson': ['jsonl', 'ndjson', 'json'],
  'application/xml': ['xml', 'xsd', 'xsl', 'xslt', 'rss', 'atom', 'svg', 'kml', 'gpx', 'xhtml'],
  'application/rss+xml': ['rss', 'xml'],
  'application/atom+xml': ['atom', 'xml'],
  // It says no more than that it can be read: whatever is text may be called so.
  'text/plain': [
    'txt',
    'text',
    'log',
    'md',
    'csv',
    'tsv',
    'json',
    'jsonl',
    'ndjson',
    'xml',
    'html',
    'htm',
    'css',
    'js',
    'mjs',
    'svg',
  ],
  'text/markdown': ['md', 'markdown', 'txt'],
  'text/csv': ['csv', 'txt'],
  'text/tab-separated-values': ['tsv', 'tab', 'txt'],
  'application/pdf': ['pdf'],
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'],
  'image/png': ['png', 'apng'],
  'image/gif': ['gif'],
  'image/webp': ['webp'],
  'image/avif': ['avif'],
  'image/svg+xml': ['svg'],
  'image/x-icon': ['ico', 'cur'],
  'image/bmp': ['bmp', 'dib'],
  'image/tiff': ['tif', 'tiff'],
  'video/mp4': ['mp4', 'm4v'],
  'video/webm': ['webm'],
  'video/quicktime': ['mov', 'qt'],
  'audio/mpeg': ['mp3'],
  'audio/mp4': ['m4a', 'mp4'],
  'audio/ogg': ['ogg', 'oga', 'opus'],
  'audio/wav': ['wav'],
  'audio/flac': ['flac'],
  'font/woff': ['woff'],
  'font/woff2': ['woff2'],
  'font/ttf': ['ttf'],
  // Many formats are archives of these kinds, and those that are not in this table stay.
  'application/zip': ['zip'],
  'application/gzip': ['gz', 'tgz'],
  'application/x-tar': ['tar'],
  'application/zstd': ['zst'],
  'application/x-bzip2': ['bz2', 'tbz2'],
  'application/x-xz': ['xz', 'txz'],
  'application/x-7z-compressed': ['7z'],
};

/** Other names of the same. */
const ALIASES: Readonly<Record<string, string>> = {
  'application/javascript': 'text/javascript',
  'application/x-javascript': 'text/javascript',
  'application/ecmascript': 'text/javascript',
  'text/json': 'application/json',
  'text/xml': 'application/xml',
  'application/csv': 'text/csv',
  'application/x-pdf': 'application/pdf',
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/vnd.microsoft.icon': 'image/x-icon',
  'audio/mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'application/x-zip-compressed': 'application/zip',
  'application/x-gzip': 'application/gzip',
};

/** What makes pages, and says nothing of what they are. */
const PROGRAMS = [
  'asp',
  'aspx',
  'ashx',
  'cfm',
  'cgi',
  'do',
  'jsp',
  'jspx',
  'php',
  'php3',
  'php4',
  'php5',
  'phtml',
  'pl',
];

const OF_TABLE: ReadonlySet<string> = new Set([...Object.values(EXTENSIONS).flat(), ...PROGRAMS]);

/**
 * The name with the extension that its type has, if it has none, or one of another type: then that stays before it, as in
 * `page.asp.html`. Of a type or an extension that is not known, nothing is said.
 *
 * @param name safe, perhaps with folders; what comes out is safe, too
 * @param contentType as it was sent
 */
export function adjustExtension(name: string, contentType: string): string {
  const [type = ''] = contentType.toLowerCase().split(';', 1);
  const trimmed = type.trim();
  const known = ALIASES[trimmed] ?? trimmed;
  const extensions = Object.hasOwn(EXTENSIONS, known) ? (EXTENSIONS[known] as readonly string[]) : undefined;
  if (extensions === undefined) return name;
  const extension = name.slice(extensionAt(name) + 1).toLowerCase();
  if (extension !== '' && (extensions.includes(extension) || !OF_TABLE.has(extension))) return name;
  const own = name.lastIndexOf('/') + 1;
  return name.slice(0, own) + join(name.slice(own), `.${extensions[0] as string}`);
}
