import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { type DownloadOptions, resolveOptions } from '../../src/options/resolve.js';
import { NO_IMAGES } from '../helpers/images.js';

const MIB = 2 ** 20;

describe('resolveOptions', () => {
  it('has a default for everything', () => {
    assert.deepEqual(resolveOptions({}), {
      directory: resolve('downloads'),
      maxRequests: 16,
      maxRequestsPerHost: Infinity,
      rate: undefined,
      ratePerHost: undefined,
      waitPerHost: undefined,
      limitRate: undefined,
      limitRatePerHost: undefined,
      executor: 'pool',
      layout: 'flat',
      shardSize: 128 * MIB,
      captionColumn: undefined,
      workers: 'auto',
      memory: 256 * MIB,
      update: false,
      mtime: false,
      dedupe: false,
      imageCheck: 'none',
      images: undefined,
      computeHash: undefined,
      checksums: undefined,
      maxBodySize: 2 ** 40,
      timeout: 60_000,
      maxTime: 86_400_000,
      lowestSpeed: 100,
      retry: { tries: 5, baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 600_000, patience: 300_000 },
      strict: false,
      headers: [],
      network: {
        connectTimeout: undefined,
        proxy: undefined,
        noproxy: undefined,
        proxyFromEnvironment: false,
        user: undefined,
        netrc: false,
        netrcFile: undefined,
        cookieFile: undefined,
        cacert: undefined,
        cert: undefined,
        key: undefined,
        pass: undefined,
        passFile: undefined,
        insecure: false,
        ipv4: false,
        ipv6: false,
        interface: undefined,
        http2: false,
      },
      userAgent: undefined,
      respectRobots: false,
      respectDirectives: undefined,
      name: undefined,
      contentDisposition: false,
      trustServerNames: false,
      adjustExtension: false,
      onExists: 'error',
      overwrite: false,
      journal: true,
      state: undefined,
      durable: false,
      simulatedLatency: { name: 0, write: 0 },
      signal: undefined,
      grace: 1000,
    });
  });

  it('takes what is given', () => {
    const { signal } = new AbortController();
    const given = {
      executor: 'libuv',
      imageCheck: 'pixels',
      overwrite: true,
      signal,
      grace: Infinity,
      workers: 3,
    } as const;
    const simulatedLatency = { name: 5, write: 1 };
    const resolved = resolveOptions({ ...given, simulatedLatency, tries: 2, directory: '/somewhere/else' });
    for (const [option, value] of Object.entries(given)) {
      assert.equal(resolved[option as keyof typeof given], value);
    }
    assert.equal(resolved.simulatedLatency, simulatedLatency);
    assert.equal(resolved.retry.tries, 2);
    assert.equal(resolved.directory, '/somewhere/else');
  });

  it('refuses who asks what cannot be sent, and what is no directive', () => {
    for (const userAgent of ['', ' ', 'a\r\nb: c', 'a\nb', 'ツ', 'a\0']) {
      assert.throws(() => resolveOptions({ userAgent }), UsageError, JSON.stringify(userAgent));
    }
    assert.equal(resolveOptions({ userAgent: 'Mine/1 (é)' }).userAgent, 'Mine/1 (é)');
    for (const respectDirectives of [[], [''], ['no ai'], ['noai', 'http://a/']]) {
      assert.throws(() => resolveOptions({ respectDirectives }), UsageError, JSON.stringify(respectDirectives));
    }
    assert.deepEqual(resolveOptions({ respectDirectives: ['NoAI'] }).respectDirectives, new Set(['noai']));
  });

  it('makes the folder absolute', () => {
    assert.equal(resolveOptions({ directory: 'a/b' }).directory, resolve('a/b'));
  });

  const sizes: [given: number | string, bytes: number][] = [
    [16 * MIB, 16 * MIB],
    ['8MiB', 8 * MIB],
    ['8 mib', 8 * MIB],
    [' 8M ', 8 * MIB],
    ['9MB', 9_000_000],
    ['1.5G', 1.5 * 2 ** 30],
    ['2GB', 2_000_000_000],
    ['1t', 2 ** 40],
    ['1TB', 1e12],
    ['8192K', 8 * MIB],
    ['8389kb', 8_389_000],
    ['8388608', 8 * MIB],
    ['8388608B', 8 * MIB],
  ];
  for (const [given, bytes] of sizes) {
    it(`takes ${given} for ${bytes} bytes`, () => assert.equal(resolveOptions({ memory: given }).memory, bytes));
  }

  it('gives whole bytes and whole milliseconds', () => {
    assert.equal(resolveOptions({ maxBodySize: '1.0001KiB' }).maxBodySize, 1024);
    // 1000 * 1.001 is 1000.9999999999999.
    assert.equal(resolveOptions({ timeout: 1.001 }).timeout, 1001);
    assert.equal(resolveOptions({ timeout: 0.0001 }).timeout, 1);
  });

  it('lists headers as name, value, name, value', () => {
    assert.deepEqual(resolveOptions({ headers: { 'X-A': 'b', Cookie: 'c=d; e\tf\xe9' } }).headers, [
      'X-A',
      'b',
      'Cookie',
      'c=d; e\tf\xe9',
    ]);
  });

  const rates: [given: number | string, perSecond: number][] = [
    [5, 5],
    [0.5, 0.5],
    ['10/s', 10],
    [' 90 / m ', 1.5],
    ['1800/H', 0.5],
    ['2.5', 2.5],
    ['1/h', 1 / 3_600],
  ];
  for (const [given, perSecond] of rates) {
    it(`takes ${JSON.stringify(given)} for ${perSecond} requests a second`, () => {
      const { rate, ratePerHost } = resolveOptions({ rate: given, ratePerHost: given });
      assert.deepEqual([rate, ratePerHost], [perSecond, perSecond]);
    });
  }

  it('takes auto for the number of requests, and rates of bytes in all units', () => {
    const { maxRequests, limitRate, limitRatePerHost, waitPerHost } = resolveOptions({
      maxRequests: 'auto',
      limitRate: '500k',
      limitRatePerHost: '2M',
      waitPerHost: 0.25,
    });
    assert.deepEqual([maxRequests, limitRate, limitRatePerHost, waitPerHost], ['auto', 500 << 10, 2 * MIB, 250]);
  });

  // Options of a program in JavaScript may be anything.
  const refused: [options: Record<string, unknown>, message: RegExp][] = [
    [{ directory: '' }, /--directory is empty/],
    [{ maxRequests: 0 }, /--max-requests 0 /],
    [{ maxRequests: 10_001 }, /--max-requests 10001 /],
    [{ maxRequests: 1.5 }, /--max-requests 1.5 /],
    [{ maxRequests: NaN }, /--max-requests NaN /],
    [{ maxRequests: '16' }, /--max-requests 16 /],
    [{ maxRequests: 'many' }, /--max-requests many /],
    [{ rate: 0 }, /--rate 0 would request nothing/],
    [{ rate: '0/m' }, /--rate 0\/m would request nothing/],
    [{ ratePerHost: '0/h' }, /--rate-per-host 0\/h would request nothing/],
    [{ rate: -1 }, /--rate -1 is no rate/],
    [{ rate: '5/d' }, /--rate 5\/d is no rate/],
    [{ rate: 'fast' }, /--rate fast is no rate/],
    [{ rate: NaN }, /--rate NaN is no rate/],
    [{ rate: Infinity }, /--rate Infinity is no rate/],
    [{ rate: '0.01/h' }, /--rate 0.01\/h is out of bounds/],
    [{ rate: 1e7 }, /--rate 10000000 is out of bounds/],
    [{ waitPerHost: 0 }, /--wait-per-host 0 is out of bounds/],
    [{ waitPerHost: 86_401 }, /--wait-per-host 86401 is out of bounds/],
    [{ limitRate: 0 }, /--limit-rate 0 would read nothing/],
    [{ limitRatePerHost: '0k' }, /--limit-rate-per-host 0k would read nothing/],
    [{ limitRate: '10/s' }, /--limit-rate 10\/s is no size/],
    [{ limitRate: 5, executor: 'threads' }, /--limit-rate does not go with --executor threads/],
    [{ limitRatePerHost: 5, executor: 'threads' }, /--limit-rate-per-host does not go with --executor threads/],
    [{ executor: 'threaded' }, /--executor threaded is unknown/],
    [{ executor: 'constructor' }, /--executor constructor is unknown/],
    [{ layout: 'deep' }, /--layout deep is unknown/],
    [{ layout: 'tar', executor: 'inline' }, /--layout tar does not go with --executor inline/],
    [{ layout: 'tar', executor: 'libuv' }, /--layout tar/],
    [{ layout: 'tar', executor: 'threads' }, /--layout tar/],
    [{ shardSize: MIB - 1 }, /--shard-size 1048575 is too small/],
    [{ shardSize: '10KB' }, /--shard-size 10KB is too small/],
    [{ simulatedLatency: { name: -1, write: 0 } }, /--simulate-latency -1,0 is out of bounds/],
    [{ simulatedLatency: { name: 5, write: '3' } }, /--simulate-latency 5,3 /],
    [{ simulatedLatency: { name: 5 } }, /--simulate-latency 5,undefined /],
    [{ simulatedLatency: { name: 60_001, write: NaN } }, /--simulate-latency 60001,NaN /],
    [{ workers: 0 }, /--workers 0 /],
    [{ workers: 65 }, /--workers 65 /],
    [{ memory: '8MiBs' }, /--memory 8MiBs is no size/],
    [{ memory: '-8MiB' }, /--memory -8MiB is no size/],
    [{ memory: 'MiB' }, /--memory MiB is no size/],
    [{ memory: '' }, /--memory {2}is no size/],
    [{ memory: '8constructor' }, /is no size/],
    [{ memory: NaN }, /--memory NaN is no size/],
    [{ memory: Infinity }, /--memory Infinity is no size/],
    [{ memory: 8 * MIB - 1 }, /--memory 8388607 is too small/],
    [{ maxBodySize: 0 }, /--max-body-size 0 is too small/],
    [{ imageCheck: 'all' }, /--image-check all is unknown/],
    [{ timeout: 0 }, /--timeout 0 /],
    [{ timeout: -1 }, /--timeout -1 /],
    [{ timeout: NaN }, /--timeout NaN /],
    [{ timeout: Infinity }, /--timeout Infinity /],
    [{ timeout: 86_401 }, /--timeout 86401 /],
    [{ tries: 0 }, /--tries 0 /],
    [{ tries: 101 }, /--tries 101 /],
    [{ headers: { '': 'x' } }, /--header ": x"/],
    [{ headers: { 'a b': 'x' } }, /--header "a b: x"/],
    [{ headers: { 'a:': 'x' } }, /--header "a:: x"/],
    [{ headers: { a: 'x\r\nb: y' } }, /--header "a: x\\r\\nb: y"/],
    [{ headers: { a: 'x\0' } }, /--header "a: x\\u0000"/],
    [{ headers: { a: '\u20ac' } }, /--header/],
    [{ headers: { 'Transfer-Encoding': 'chunked' } }, /--header Transfer-Encoding belongs to the connection/],
    [{ headers: { expect: '100-continue' } }, /--header expect belongs to the connection/],
  ];
  for (const [options, message] of refused) {
    it(`refuses ${JSON.stringify(options, (_, value: unknown) => (typeof value === 'number' ? String(value) : value))}`, () => {
      assert.throws(
        () => resolveOptions(options),
        (error: unknown) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, message);
          assert.notEqual(error.hint, '');
          return true;
        },
      );
    });
  }
});

describe('the options about images', () => {
  const resize = { resize: { size: 256, mode: 'border', onlyShrink: false } } as const;

  it('take the names of img2dataset, too', () => {
    assert.deepEqual(resolveOptions({ resize: 256 }).images, { ...NO_IMAGES, ...resize });
    for (const [given, mode] of [
      ['center_crop', 'center-crop'],
      ['keep_ratio', 'keep-ratio'],
      ['keep_ratio_largest', 'fit'],
      ['fixed', 'fill'],
      ['border', 'border'],
    ] as const) {
      const { images } = resolveOptions({ resize: 256, resizeMode: given });
      assert.deepEqual(images?.resize, { ...resize.resize, mode });
    }
    assert.equal(resolveOptions({ resize: 256, resizeMode: 'no' }).images, undefined);
    assert.equal(resolveOptions({ convert: 'jpg' }).images?.convert, 'jpeg');
  });

  it('make names that end in the new format', () => {
    const parts = (options: DownloadOptions) => resolveOptions({ convert: 'jpeg', ...options }).name?.parts;
    assert.deepEqual(parts({}), [{ kind: 'stem' }, '.jpg']);
    assert.deepEqual(parts({ name: '{host}/{stem}.{ext}' }), [{ kind: 'host' }, '/', { kind: 'stem' }, '.', 'jpg']);
    assert.deepEqual(parts({ forceDirectories: true })?.at(-1), '.jpg');
  });
});
