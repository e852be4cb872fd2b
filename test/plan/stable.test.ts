/**
 * What the plan makes of any list must never change: names and folders are on people's disks. It did once, of 3 in 50,000
 * of these lines: what the first version left to Node's parser of URLs is the same on every Node since.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';

import { plan } from '../../src/plan/plan.js';
import type { Entry } from '../../src/item.js';
import type { Layout } from '../../src/protocol/settings.js';

/** Parts of URLs that come near every way through the parser and the makers of names. */
const HOSTS = [
  'http://h',
  'https://images.example.com',
  'http://127.0.0.1:8188',
  'HTTP://H:80',
  'https://u:p@h',
  'http://a.b:443',
  'http://[::1]:81',
  'http://caf\u00e9.example',
  'http://h:99999',
  'ftp://h',
  'http:/h',
  '',
];
const PARTS = [
  '/', '/', '/', '/a', '/A', '/photo', '/index.html', '/.', '/..', '/%2e', '/%2E%2e', '/.x', '/%2fx', '/con', '/COM1', '/nul.txt', '/com10',
  '-', '_', '.', '..', '.jpg', '.JPG', '.tar.gz', '%20', '%C3%A9', '%E9', '%', 'e\u0301', '\u00e9', '\u00df', '\u03c2', '\u8a9e', '\u{1f600}', '\u202e', '\ufeff', '\u00a0',
  ' ', '+', '~', '!', '$', '&', '*', ',', ';', '=', ':', '@', '(', ')', '[', ']', '{', '}', '|', '"', '\'', '`', '<', '>', '\\', '#part', '?', '?q=/x/y.png', '?a=b%2e',
  'x'.repeat(90), '\u8a9e'.repeat(60), '0', '1', '23', '456789', 'AbCd', 'zz', '\u001b', '\r', '\u0085', '\u007f', '\u0000',
  '\tname', '\t../x', '\tCaf\u00e9 1.jpg', '\t', '\thttp://h/b', '\ta\tb',
]; // prettier-ignore

/**
 * The same lines in every run and on every machine. Without those that give a name with a slash, of which the first version
 * made one name, and they are folders now; and without those that begin or end with what nobody sees, which is left out now.
 */
function* corpus(seed: number, count: number): Generator<string, void, undefined> {
  for (const line of lines(seed, count))
    if (!/\t.*\//s.test(line) && !/^\s*[\u00a0\ufeff]|[\u00a0\ufeff]\s*$/.test(line)) yield line;
}

function* lines(seed: number, count: number): Generator<string, void, undefined> {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let at = 0; at < count; at += 1) {
    if (random(3) === 0) {
      yield `https://images.example.com/p${random(50)}/${random(1e6)}/IMG_${random(300)}.jpg?width=${random(9)}`;
    } else {
      yield HOSTS[random(HOSTS.length)]! + Array.from({ length: 1 + random(6) }, () => PARTS[random(PARTS.length)]!).join(''); // prettier-ignore
    }
  }
}

/** What comes out, as one number; with the number of each kind of entry, to see what the corpus has tried. */
async function digest(batches: AsyncIterable<readonly Entry[]>): Promise<Record<string, number | string>> {
  const hash = createHash('sha256');
  const counts = { item: 0, refused: 0, duplicate: 0 };
  for await (const batch of batches) {
    for (const entry of batch) {
      counts[entry.kind] += 1;
      hash.update(JSON.stringify(entry));
    }
  }
  return { ...counts, hash: hash.digest('hex').slice(0, 16) };
}

describe('plan, of 50,000 lines of every kind', () => {
  const cases: [Layout, Record<string, number | string>, Record<string, number | string>][] = [
    [
      'flat',
      { item: 22390, refused: 20124, duplicate: 2514, hash: '5ab377098fa37fb6' },
      { item: 22255, refused: 20309, duplicate: 2595, hash: 'c10df64b48b1a047' },
    ],
    [
      'hashed',
      { item: 22390, refused: 20124, duplicate: 2514, hash: 'b33f06122816df01' },
      { item: 22255, refused: 20309, duplicate: 2595, hash: '96a757ae424faac5' },
    ],
  ];
  for (const [layout, ofList, ofUrls] of cases) {
    it(`gives the entries that the first version gave (${layout}, of a list)`, async () => {
      const bytes = Buffer.from([...corpus(1, 50_000)].join('\n'));
      const chunks = (async function* () {
        for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
      })();
      const reading = { format: 'txt' } as const;
      assert.deepEqual(
        await digest(plan([{ kind: 'stream', stream: chunks, label: 'list', reading }], { layout })),
        ofList,
      );
    });

    it(`gives the entries that the first version gave (${layout}, of arguments)`, async () => {
      const urls = corpus(2, 50_000);
      assert.deepEqual(await digest(plan([{ kind: 'urls', urls, label: 'argument' }], { layout })), ofUrls);
    });
  }
});
