/**
 * The options of a download, each in one row: its flag, what it takes, its default, its help and its documentation. The
 * library's type, the checks, the command line and `README.md` beside this file are made from the rows.
 */
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../item.js';
import type { Template } from '../plan/template.js';
import type { ImageCheck, Layout, OnExists } from '../protocol/settings.js';
import * as images from './images.js';
import * as kinds from './kinds.js';
import { MAX_REQUESTS, MAX_WORKERS } from './limits.js';
import { LAYOUTS } from '../protocol/layouts.js';

/** @typeParam Unset what an option resolves to that is not given and has no default */
export interface Row<In, Out, Unset = never> {
  /** On the command line: `-m, --max-requests <N>`. Without one, only the library has it. */
  readonly flag?: string;
  /** In a few words, for `--help`. */
  readonly help?: string;
  /** What is to be said besides, for the documentation. */
  readonly more?: string;
  readonly kind: kinds.Kind<In, Out>;
  readonly default?: NoInfer<In>;
  readonly unset?: Unset;
}

/** Its own types, with the default among those that it takes. */
function row<In, Out, Unset = never>(row: Row<In, Out, Unset>): Row<In, Out, Unset> {
  return row;
}

/**
 * What decodes and stores: `pool` hands bodies to worker threads in batches, `inline` stores on the main thread,
 * `libuv` through `fs.promises`; with `threads` each worker downloads and stores by itself.
 */
export type ExecutorName = 'pool' | 'inline' | 'libuv' | 'threads';
const EXECUTORS = ['pool', 'inline', 'libuv', 'threads'] as const satisfies readonly ExecutorName[];
const ON_EXISTS = ['error', 'skip', 'overwrite', 'rename'] as const satisfies readonly OnExists[];
const IMAGE_CHECKS = ['none', 'structure', 'pixels'] as const satisfies readonly ImageCheck[];

const MIB = 2 ** 20;

export const OPTIONS = {
  /** Destination folder; made if it is not there. Default: `downloads`. */
  directory: row({
    flag: '-d, --directory <DIR>',
    help: 'destination',
    kind: kinds.folder,
    default: 'downloads',
  }),
  /** Default: `flat`. */
  layout: row({
    flag: '--layout <name>',
    help: 'where files go',
    more: '`flat`: into the destination; `hashed`: into 256 folders of it; `tar`: into shards',
    kind: kinds.oneOf(Object.keys(LAYOUTS) as Layout[]),
    default: 'flat',
  }),
  /**
   * How the names of items are made to which none is given: a text with the fields `{host}`, `{path}`, `{basename}`, `{stem}`,
   * `{ext}`, `{query}`, `{index}`, `{index:06}`, `{hash}` and `{column:NAME}`; its slashes are folders. Without it: the last
   * segment of the URL's path.
   */
  name: row({
    flag: '--name <TEMPLATE>',
    help: "how names are made, such as '{host}/{index:06}.{ext}'",
    more: '`{host}`, `{path}`, `{basename}`, `{stem}`, `{ext}`, `{query}`, `{index}`, `{hash}`, `{column:NAME}`',
    kind: kinds.template,
    unset: undefined as Template | undefined,
  }),
  /** Files go to folders of their host and path, with the query in the name, as `wget -x` has it. Default: `false`. */
  forceDirectories: row({
    flag: '-x, --force-directories',
    help: 'host and path become folders',
    more: 'as `wget -x` does on Windows: `host+port/dir/file@query`',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * The last part of a name is what the answer's Content-Disposition says, where the name comes from the URL. Default: `false`.
   */
  contentDisposition: row({
    flag: '--content-disposition',
    help: "names come from the answer's Content-Disposition",
    more: 'of names that come from the URL, the last part',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** The last part of a name comes from the URL at the end of redirects, not from the first one. Default: `false`. */
  trustServerNames: row({
    flag: '--trust-server-names',
    help: 'names come from the URL at the end of redirects',
    more: 'of names that come from the URL, the last part; Content-Disposition counts for more',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** Names get the extension that their Content-Type has, if they have none, or one of another type. Default: `false`. */
  adjustExtension: row({
    flag: '--adjust-extension',
    help: 'names get the extension of their Content-Type, if they have none or another one',
    more: '`page.asp` becomes `page.asp.html`; not for names that a list gives',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * What becomes of an item whose name is that of a file that no run has written down: it is an error with code
   * `STORE_EXISTS`, is left out, replaces the file, or gets a number: `stem.1.ext`. Without it: `error`.
   */
  onExists: row({
    flag: '--on-exists <what>',
    help: 'with a file that is there and that no run has stored (default: error)',
    more: '`skip` leaves the item out, `rename` stores it as `stem.1.ext`; what a run has stored is never fetched twice',
    kind: kinds.oneOf<OnExists>(ON_EXISTS),
    unset: undefined,
  }),
  /** The same as `onExists: 'overwrite'`. */
  overwrite: row({
    flag: '--overwrite',
    help: 'the same as --on-exists overwrite: replace files that are there',
    kind: kinds.yesOrNo,
    unset: undefined,
  }),
  /**
   * What runs have stored is asked for once more, and replaced where its server has something else (`If-None-Match`,
   * `If-Modified-Since`). Of the layout `tar`, what has changed goes into new shards, and old ones are never rewritten: who reads
   * all of them finds both, and the journal says which is current. Default: `false`, and what is stored is not requested.
   */
  update: row({
    flag: '--update',
    help: 'ask for what is stored, too, and replace what has changed; in shards, new ones get it, and readers see both',
    more: 'by the `ETag` and the `Last-Modified` that runs have written down; what has not changed, and shards that are there, are not touched: `sluice export` tells which sample is the current one',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** Files get the time that the answer's Last-Modified says. Default: `false`, and they have that at which they are stored. */
  mtime: row({
    flag: '--mtime',
    help: "give files their servers' time (Last-Modified)",
    more: 'members of shards have it anyway; a time before 1970 or more than a day ahead is left out',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * Whether the run is written down in the destination, so that the same call goes on where it was stopped. Default:
   * `true`.
   */
  journal: row({
    flag: '--no-journal',
    help: 'do not write down what is done: the run cannot be resumed',
    kind: kinds.yesOrNo,
    default: true,
  }),
  /**
   * Requests at once, 1 to 10,000, or `auto`: of each server as many as bring more, found by what they bring and by what its
   * answers say, and of all together up to 512. Default: `16`.
   */
  maxRequests: row({
    flag: '-m, --max-requests <N|auto>',
    help: 'requests at once; auto: of each server as many as bring more',
    more: '`auto` begins with 4, follows what the server bears, and goes up to 512 over all servers',
    kind: kinds.wholeOrAuto(1, MAX_REQUESTS),
    default: 16,
  }),
  /** Requests to one server (scheme, host and port) at once, 1 to 10,000. Without it: no bound but `maxRequests`. */
  maxRequestsPerHost: row({
    flag: '--max-requests-per-host <N>',
    help: 'requests to one server at once (default: no other bound)',
    kind: kinds.whole(1, MAX_REQUESTS),
    unset: Infinity,
  }),
  /**
   * Requests in a time, all of them, those after redirects and for another try included: `10/s`, `90/m`, `1000/h`, or a number
   * of them a second. Without it: no bound.
   */
  rate: row({
    flag: '--rate <N/s>',
    help: 'requests a second, or with /m or /h in a minute or an hour',
    more: 'redirects and further tries count',
    kind: kinds.rate,
    unset: undefined,
  }),
  /** The same for each server (scheme, host and port) by itself. Without it: no bound. */
  ratePerHost: row({
    flag: '--rate-per-host <N/s>',
    help: 'the same for each server by itself',
    kind: kinds.rate,
    unset: undefined,
  }),
  /**
   * Seconds from one request to a server to the next, up to a day: each time anything from half to one and a half times as
   * much, by chance. Without it: none.
   */
  waitPerHost: row({
    flag: '--wait-per-host <SECONDS>',
    help: 'from one request to a server to the next, each time by chance 0.5 to 1.5 times as long',
    more: 'what wget does with `--wait` and `--random-wait`, from the beginning of a request to that of the next',
    kind: kinds.seconds,
    unset: undefined,
  }),
  /** Bytes a second that are read of answers, over all connections, as a number or as `500k`. Without it: no bound. */
  limitRate: row({
    flag: '--limit-rate <SIZE>',
    help: 'bytes a second, over all connections',
    more: '`500k`, `2M`: powers of 1,024',
    kind: kinds.byteRate,
    unset: undefined,
  }),
  /** The same for each server (scheme, host and port) by itself. Without it: no bound. */
  limitRatePerHost: row({
    flag: '--limit-rate-per-host <SIZE>',
    help: 'the same for each server by itself',
    kind: kinds.byteRate,
    unset: undefined,
  }),
  /** Default: `pool`. */
  executor: row({
    flag: '--executor <name>',
    help: 'what decodes and stores',
    more: '`pool`: worker threads; to compare: `inline`, the main thread, `libuv`, `fs.promises`, and `threads`, which download, too',
    kind: kinds.oneOf<ExecutorName>(EXECUTORS),
    default: 'pool',
  }),
  /** Threads that store, 1 to 64, or `auto`: as many as bring more. Default: `auto`. */
  workers: row({
    flag: '--workers <auto|N>',
    help: 'threads that store',
    more: '`auto`: as many as bring more',
    kind: kinds.wholeOrAuto(1, MAX_WORKERS),
    default: 'auto',
  }),
  /** Bytes that may be fetched and not yet stored, as a number or as `256MiB`; at least 8 MiB. Default: `256MiB`. */
  memory: row({
    flag: '--memory <SIZE>',
    help: 'bytes fetched and not yet stored, at the most',
    more: 'when they are used up, no request starts',
    kind: kinds.size(8 * MIB),
    default: '256MiB',
  }),
  /**
   * Bytes of a shard of the layout `tar`, as a number or as `1GiB`; at least 1 MiB. A larger body gets a shard to itself; no
   * shard has more than 10,000. Default: `128MiB`.
   */
  shardSize: row({
    flag: '--shard-size <SIZE>',
    help: 'bytes of a shard of the layout tar',
    more: 'a larger body gets a shard to itself, and no shard has more than 10,000',
    kind: kinds.size(MIB),
    default: '128MiB',
  }),
  /**
   * The column of the list, by its name, that has captions: of the layout `tar`, each becomes the member `KEY.txt` of its
   * item. Without it: none.
   */
  captionColumn: row({
    flag: '--caption-column <COLUMN>',
    help: 'the column of captions, which go into the shards of the layout tar',
    more: 'as `KEY.txt`; by its name',
    kind: kinds.text,
    unset: undefined,
  }),
  /** Default: `none`. */
  imageCheck: row({
    flag: '--image-check <how>',
    help: 'prove that images are whole',
    more: '`structure` walks them to the end, `pixels` decodes them: GIF, PNG, JPEG, WebP, AVIF, HEIC, TIFF, BMP, ICO, SVG, JPEG XL',
    kind: kinds.oneOf<ImageCheck>(IMAGE_CHECKS),
    default: 'none',
  }),
  /**
   * Pixels that images get, 1 to 16,383: how, `resizeMode` says. What is whole and has the right size, kind and turn already is
   * stored as it came. Without it: they keep their size.
   */
  resize: row({
    flag: '--resize <PIXELS>',
    help: 'give images this size; needs sharp',
    more: 'img2dataset calls it `--image-size`',
    kind: kinds.whole(1, images.MAX_SIDE),
    unset: undefined,
  }),
  /**
   * `border`: into a square, the rest of it white; `fit`: the longer side gets the size; `keep-ratio`: the shorter one; `center-crop`:
   * that, and what is beyond the square is cut off; `fill`: a square, whatever it was; `no`: none. The names of img2dataset are taken,
   * too. Without it: `border`.
   */
  resizeMode: row({
    flag: '--resize-mode <mode>',
    help: 'border, fit, fill, center-crop or keep-ratio (default: border)',
    more: '`border`: into a square, white around it; `fit`: the longer side, `keep-ratio`: the shorter; `center-crop`, `fill`: a square',
    kind: images.resizeMode,
    unset: undefined,
  }),
  /** What is not larger keeps its size. Default: `false`. */
  onlyShrink: row({
    flag: '--only-shrink',
    help: 'do not make images larger',
    more: 'img2dataset calls it `--resize_only_if_bigger`; no border is made then, either',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** The format of all images; names end in it, but for those that a list gives. Without it: each keeps its own. */
  convert: row({
    flag: '--convert <format>',
    help: 'make all images jpeg, png, webp or avif; needs sharp',
    more: 'names end in it: `jpg` for `jpeg`; those that a list gives stay',
    kind: images.writtenFormat,
    unset: undefined,
  }),
  /** Of images that are made, 1 to 100. Without it: that of sharp, which is 80 for JPEG. */
  quality: row({
    flag: '--quality <N>',
    help: "of images that are made (default: sharp's, 80 for JPEG)",
    kind: kinds.whole(1, 100),
    unset: undefined,
  }),
  /** Leaves out EXIF, XMP, IPTC and colour profiles; images are turned as their EXIF says, and are sRGB. Default: `false`. */
  strip: row({
    flag: '--strip',
    help: 'leave out the metadata of images; needs sharp',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * Of images that are made anew, those that came are kept, too: in `.originals` in the destination, under their names, which end in
   * their own format where `convert` gives all another; of the layout `tar`, as the members `KEY.original.EXT`. Default: `false`.
   */
  keepOriginal: row({
    flag: '--keep-original',
    help: 'keep the images that came beside those that are made of them',
    more: 'in `.originals` in the destination; of the layout tar, as `KEY.original.EXT`; what is stored as it came is its own original',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** Images whose shorter side has fewer pixels, 1 to 65,535, are left out, with the outcome `filtered`. Without it: none. */
  minSize: row({
    flag: '--min-size <PIXELS>',
    help: 'leave out images whose shorter side is less',
    more: 'img2dataset calls it `--min_image_size`',
    kind: kinds.whole(1, 65_535),
    unset: undefined,
  }),
  /**
   * Images with more pixels, width times height, 1 to 9,007,199,254,740,991, are left out, with the outcome `filtered`.
   * Without it: none.
   */
  maxPixels: row({
    flag: '--max-pixels <N>',
    help: 'leave out images with more pixels, width times height',
    more: 'img2dataset calls it `--max_image_area`',
    kind: kinds.whole(1, Number.MAX_SAFE_INTEGER),
    unset: undefined,
  }),
  /** Images whose longer side is more than so many times the shorter one are left out, with the outcome `filtered`. Without it: none. */
  maxAspectRatio: row({
    flag: '--max-aspect-ratio <N>',
    help: 'leave out images whose longer side is more than so many times the shorter',
    kind: images.aspectRatio,
    unset: undefined,
  }),
  /** A checksum that is computed of each file while it is stored, for its outcome and for exports. Without it: none. */
  computeHash: row({
    flag: '--compute-hash <algorithm>',
    help: 'compute a checksum of each file while it is stored',
    kind: kinds.oneOf<ChecksumAlgorithm>(CHECKSUM_ALGORITHMS),
    unset: undefined,
  }),
  /**
   * Files with the same bytes, by their SHA-256, are stored once, whether this run stores them or an earlier one of the destination
   * has: each but the first becomes a hard link, where the storage has such. Default: `false`.
   */
  dedupe: row({
    flag: '--dedupe',
    help: 'store files with the same bytes once, as hard links',
    more: 'by their SHA-256; where the storage has no links they are copies, and results tell of which',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * A file with checksums by the names of files, as sha256sum, sha512sum, sha1sum or md5sum prints it in the destination: a
   * file has to have its own. Without it: those that the lists have.
   */
  checksums: row({
    flag: '--checksums <FILE>',
    help: 'checksums of files by their names, as sha256sum prints them',
    more: 'one that does not match is fetched once more, then an error; so is one of a list',
    kind: kinds.file,
    unset: undefined,
  }),
  /** Bytes of one stored file, as a number or as `4GiB`; a larger body is an error. Default: `1TiB`. */
  maxBodySize: row({
    flag: '--max-body-size <SIZE>',
    help: 'bytes of one file, at the most',
    kind: kinds.size(1),
    default: '1TiB',
  }),
  /** Seconds to connect, to wait for an answer, and between two pieces of a body; up to a day. Default: `60`. */
  timeout: row({
    flag: '--timeout <SECONDS>',
    help: 'to connect, to wait for an answer, and between two pieces of a body',
    kind: kinds.seconds,
    default: 60,
  }),
  /** Seconds to connect, with a proxy and TLS; up to a day. Without it: those of `timeout`. */
  connectTimeout: row({
    flag: '--connect-timeout <SECONDS>',
    help: 'to connect, where that is to be less than --timeout',
    kind: kinds.seconds,
    unset: undefined,
  }),
  /** Seconds for each item, over all its tries, without what the storage takes; up to a day. Default: `86400`. */
  maxTime: row({
    flag: '--max-time <SECONDS>',
    help: 'for each item, over all its tries',
    more: 'what the storage takes does not count',
    kind: kinds.seconds,
    default: 86_400,
  }),
  /**
   * Bytes a second of a body, as a number or as `1KiB`: one that comes slower for `timeout` seconds is given up, and tried
   * again. 0 for no bound. Default: `100`.
   */
  lowestSpeed: row({
    flag: '--lowest-speed <SIZE>',
    help: 'bytes a second of a body; slower for --timeout seconds is tried again',
    more: '0: no bound',
    kind: kinds.size(0),
    default: '100',
  }),
  /** Tries for each item, the first included, 1 to 100. Default: `5`. */
  tries: row({
    flag: '--tries <N>',
    help: 'tries for each item',
    more: 'resets, time-outs, 429 and 5xx are worth another one',
    kind: kinds.whole(1, 100),
    default: 5,
  }),
  /**
   * A body that ends with the connection, so that nothing proves that it is whole, is an error with code `BODY_UNPROVEN`, an
   * answer that breaks the rules of HTTP one with `HTTP_BROKEN`, more bytes than its length one with `BODY_EXCESS`.
   * Default: `false`, and their outcomes are marked.
   */
  strict: row({
    flag: '--strict',
    help: 'a body that ends with the connection, so that it may be cut, is an error, and so is an answer that breaks the rules of HTTP',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * Headers for every request, by name or as lines `Name: value`; a redirect to another scheme, host or port drops them.
   */
  headers: row({
    flag: '--header <LINE>',
    help: "a header for every request: 'Name: value'; may be repeated",
    more: 'a redirect to another host drops it',
    kind: kinds.headers,
    unset: [] as readonly string[],
  }),
  /**
   * The proxy that servers are asked through, as `http://NAME:PASSWORD@host:port`, `https://`, `socks5://`, `socks5h://`,
   * `socks4://` or `socks4a://`; `false` for none, whatever `proxyFromEnvironment` says. Without it: none.
   */
  proxy: row({
    flag: '--proxy <URL>',
    help: 'through which servers are asked: http, https, socks5, socks5h, socks4 or socks4a (default: those of the environment)',
    more: 'http_proxy, https_proxy, all_proxy and no_proxy count as for curl',
    kind: kinds.proxy,
    unset: undefined,
  }),
  /** Hosts that no proxy is asked for: names with all below them, addresses, networks; `*` for all. Without it: none. */
  noproxy: row({
    flag: '--noproxy <HOSTS>',
    help: "hosts that are asked directly: 'example.com,10.0.0.0/8', or * for all; as curl's",
    kind: kinds.anyText,
    unset: undefined,
  }),
  /** The proxies of the environment are used, as curl and the command have it. Default: `false`. */
  proxyFromEnvironment: row({ kind: kinds.yesOrNo, default: false }),
  /** `NAME:PASSWORD` for the servers of the items, and no others. Without it: what the URLs say. */
  user: row({
    flag: '-u, --user <NAME:PASSWORD>',
    help: 'for the servers of the list, and none that they redirect to',
    more: 'what a URL or --header says counts for more',
    kind: kinds.credentials,
    unset: undefined,
  }),
  /** User and password by hosts are in `~/.netrc`, or where the variable NETRC says. Default: `false`. */
  netrc: row({
    flag: '-n, --netrc',
    help: 'users and passwords are in ~/.netrc, or where NETRC says',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** The same, in this file. Without it: none. */
  netrcFile: row({
    flag: '--netrc-file <FILE>',
    help: 'the same, in this file',
    kind: kinds.file,
    unset: undefined,
  }),
  /** Cookies in the form that curl, wget and browsers write: each goes to its own domain. Without it: none. */
  cookieFile: row({
    flag: '--cookie-file <FILE>',
    help: "cookies in Netscape's form, which browsers' add-ons export; each goes to its own domain",
    kind: kinds.file,
    unset: undefined,
  }),
  /** Certificates of authorities that are trusted, as PEM, in the place of those that Node knows. Without it: those. */
  cacert: row({
    flag: '--cacert <FILE>',
    help: 'authorities to trust, as PEM, in the place of the usual ones',
    kind: kinds.file,
    unset: undefined,
  }),
  /** A certificate of one's own, for servers that want one, as PEM, perhaps with its key. Without it: none. */
  cert: row({
    flag: '--cert <FILE>',
    help: 'your certificate, as PEM, for servers that want one',
    kind: kinds.file,
    unset: undefined,
  }),
  /** The key of `cert`, as PEM. Without it: in its file. */
  key: row({
    flag: '--key <FILE>',
    help: 'the key of --cert, if it is not in the same file',
    kind: kinds.file,
    unset: undefined,
  }),
  /** The password of `key`. Without it: it has none. */
  pass: row({
    flag: '--pass <PASSWORD>',
    help: 'the password of --key; other programs on this machine can read it: see --pass-file',
    kind: kinds.text,
    unset: undefined,
  }),
  /** A file whose first line is the password of `key`. Without it: it has none. */
  passFile: row({
    flag: '--pass-file <FILE>',
    help: 'the first line of this file is the password of --key',
    kind: kinds.file,
    unset: undefined,
  }),
  /** Certificates of servers are not checked. Default: `false`. */
  insecure: row({
    flag: '-k, --insecure',
    help: 'do not check the certificates of servers',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** Only IPv4 is used. Default: `false`. */
  ipv4: row({ flag: '-4, --ipv4', help: 'connect by IPv4 only', kind: kinds.yesOrNo, default: false }),
  /** Only IPv6 is used. Default: `false`. */
  ipv6: row({ flag: '-6, --ipv6', help: 'connect by IPv6 only', kind: kinds.yesOrNo, default: false }),
  /** An address of this machine, or a network device with one, to connect from. Without it: what the system takes. */
  interface: row({
    flag: '--interface <NAME>',
    help: 'address or network device of this machine to connect from',
    kind: kinds.text,
    unset: undefined,
  }),
  /**
   * Servers that speak HTTP/2 (https only) are asked so: many requests at once share a connection, which gains where a server allows
   * few, or a great many requests are made at once; of large bodies fewer come at the same time. Default: `false`.
   */
  http2: row({
    flag: '--http2',
    help: 'ask servers by HTTP/2 that speak it: many requests at once share a connection',
    more: 'https only; gains where a server allows few connections, or with hundreds of requests at once',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /** What requests say that they come from. Without it: `sluice/VERSION`. */
  userAgent: row({
    flag: '-U, --user-agent <TEXT>',
    help: 'what requests say that they come from, in place of sluice/VERSION',
    more: 'what stands before its first slash is what robots.txt and X-Robots-Tag call this program',
    kind: kinds.userAgent,
    unset: undefined,
  }),
  /**
   * What the robots.txt of a server (RFC 9309) disallows is left out, with the outcome `disallowed`; its Crawl-delay is obeyed.
   * One that cannot be had disallows all, and its items fail; one that is not there allows all. Default: `false`.
   */
  respectRobots: row({
    flag: '--respect-robots',
    help: 'leave out what robots.txt disallows, and obey its Crawl-delay',
    more: 'one that is not there (4xx) allows all; where it cannot be had (5xx, no answer), items fail without being requested',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * Directives of X-Robots-Tag: a file whose answer has one of them, for everyone or for this program, is left out, with the
   * outcome `disallowed`; `true` for `noai`, `noimageai`, `noindex` and `noimageindex`. Without it: that header is not looked at.
   */
  respectDirectives: row({
    flag: '--respect-directives [NAMES]',
    help: 'leave out files whose X-Robots-Tag says one of these; without names: noai,noimageai,noindex,noimageindex',
    more: 'for everyone, or for the name that `--user-agent` begins with; `none` says `noindex`, too',
    kind: kinds.directives,
    unset: undefined,
  }),
  /** Folder for the journal. Without it: `.sluice` in the destination. */
  state: row({
    flag: '--state <DIR>',
    help: 'folder for the journal, if it is not to be in the destination',
    kind: kinds.folder,
    unset: undefined,
  }),
  /** Sync each file and the journal before the file counts as stored. Default: `false`. */
  durable: row({
    flag: '--durable',
    help: 'sync each file and the journal before the file counts as stored',
    kind: kinds.yesOrNo,
    default: false,
  }),
  /**
   * Milliseconds that the store waits for each name and each write, up to a minute, to try what slow storage does. Names of
   * one folder take turns. Without it: none.
   */
  simulatedLatency: row({
    flag: '--simulate-latency <META,WRITE>',
    help: 'milliseconds that the store waits for each name and each write',
    kind: kinds.latency,
    unset: { name: 0, write: 0 },
  }),
  /** Stops the download: nothing more is requested, and what is fetched is still stored, within `grace`. */
  signal: row({ kind: kinds.abortSignal, unset: undefined }),
  /**
   * Seconds for which a download that was stopped goes on storing what it has fetched, up to a day, or `Infinity` to store
   * all of it. What is being stored after that gets another second and a half. Default: `1`.
   */
  grace: row({ kind: kinds.anySeconds, default: 1 }),
};

export type OptionName = keyof typeof OPTIONS;

/** What messages call an option: its long flag without dashes. */
export function nameOf(option: OptionName): string {
  const { flag = option } = OPTIONS[option] as Row<unknown, unknown, unknown>;
  return /--(?:no-)?([a-z0-9-]+)/.exec(flag)?.[1] ?? option;
}
