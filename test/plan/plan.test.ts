import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { chmod, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';

import { SluiceError } from '../../src/errors.js';
import { plan } from '../../src/plan/plan.js';
import type { ItemRequest, Source } from '../../src/lists/source.js';
import type { Entry, Item } from '../../src/item.js';

async function entriesOf(...sources: Source[]): Promise<Entry[]> {
  const entries = [];
  for await (const batch of plan(sources)) {
    assert.ok(batch.length >= 1 && batch.length <= 64);
    entries.push(...batch);
  }
  return entries;
}

function urls(...list: (string | ItemRequest)[]): Source {
  return { kind: 'urls', urls: list, label: 'argument' };
}

function stream(...chunks: (string | Uint8Array)[]): Source {
  const bytes = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  })();
  return { kind: 'stream', stream: bytes, label: '<stdin>' };
}

/** Each entry in a word or two: the name of an item, the message of a refused line. */
function short(entries: Entry[]): string[] {
  return entries.map((entry) => {
    if (entry.kind === 'item') return entry.item.name;
    return entry.kind === 'refused' ? entry.refused.error.message : `= ${entry.duplicate.url}`;
  });
}

function indexOf(entry: Entry): number {
  if (entry.kind === 'item') return entry.item.index;
  return entry.kind === 'refused' ? entry.refused.index : entry.duplicate.index;
}

async function names(...list: (string | ItemRequest)[]): Promise<string[]> {
  return short(await entriesOf(urls(...list)));
}

describe('folders that a list names', () => {
  const list = (text: string): Source => ({
    kind: 'stream',
    stream: (async function* () {
      yield Buffer.from(text);
    })(),
    label: 'list',
    reading: { format: 'aria2' },
  });
  const planned = async (text: string, directory?: string): Promise<string[]> => {
    const entries: Entry[] = [];
    for await (const batch of plan([list(text)], { directory })) entries.push(...batch);
    return entries.map((entry) => {
      if (entry.kind === 'refused') return entry.refused.error.message;
      return entry.kind === 'item' ? entry.item.name : '';
    });
  };

  it('are below the destination: relative ones, and absolute ones that are in it', async () => {
    const text =
      'http://h/1\n dir=a/b\nhttp://h/2\n dir=../..\n out=x\nhttp://h/3\n dir=/dest/c\nhttp://h/4\n dir=/dest\n out=y\n';
    assert.deepEqual(await planned(text, '/dest'), ['a/b/1', 'x', 'c/3', 'y']);
  });

  it('are no fault of a row with mirrors, but more of these than the journal takes are', async () => {
    const mirrors = Array.from({ length: 100 }, (_, n) => `http://h/${n}/${'x'.repeat(3_000)}`);
    const message = /^list:3: mirrors and headers of more than 262,144 characters: /;
    const [few, many = ''] = await planned(`http://h/a\t${mirrors[0]}\n dir=b\nhttp://h/c\t${mirrors.join('\t')}\n`);
    assert.equal(few, 'b/a');
    assert.match(many, message);
  });

  it('are a fault of the row where they are elsewhere', async () => {
    const message = 'list:1: the folder /other is not in the destination: http://h/1';
    assert.deepEqual(await planned('http://h/1\n dir=/other\nhttp://h/2\n', '/dest'), [message, '2']);
    assert.deepEqual(await planned('http://h/1\n dir=/other\n'), [message]);
  });
});

describe('plan', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-plan-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function file(name: string, content: string | Uint8Array): Promise<Source> {
    const path = join(directory, name);
    await writeFile(path, content);
    return { kind: 'file', path };
  }

  it('makes items of URLs: normalised, without fragment, with origin, path and name', async () => {
    const [entry] = await entriesOf(urls(' HTTP://ExAmPle.com:80/a/../b c.gif?q=1#part '));
    assert.deepEqual(entry, {
      kind: 'item',
      item: {
        index: 0,
        url: 'http://example.com/b%20c.gif?q=1',
        origin: 'http://example.com',
        path: '/b%20c.gif?q=1',
        name: 'b c.gif',
        details: undefined,
      },
    });
  });

  it('keeps origins apart, and user and password out of them', async () => {
    const list = [
      'http://a/1',
      'http://ab/2',
      'https://a/3',
      'http://a:81/4',
      'http://u:p@a/5',
      'http://[::1]/6',
      'http://a/7',
    ];
    const entries = await entriesOf(urls(...list));
    assert.deepEqual(
      entries.map((entry) => entry.kind === 'item' && [entry.item.origin, entry.item.path, entry.item.url]),
      list.map((url) => [new URL(url).origin, new URL(url).pathname, url]),
    );
  });

  it('reads arguments, lists and standard input in order, and numbers all entries', async () => {
    const list = await file('order.txt', 'http://h/b\n\n# no entry\nftp://h/x\nhttp://h/b\n');
    const entries = await entriesOf(urls('http://h/a'), list, stream('http://h/c\nhttp://h/d'));
    assert.deepEqual(entries.map(indexOf), [0, 1, 2, 3, 4, 5]);
    const refused = `${join(directory, 'order.txt')}:4: the scheme ftp is neither http nor https: ftp://h/x`;
    assert.deepEqual(short(entries), ['a', 'b', refused, '= http://h/b', 'c', 'd']);
  });

  it('takes a name after a tab, or from a request, and makes it safe', async () => {
    assert.deepEqual(
      await names('http://h/a\tone.gif', 'http://h/a \t ../two ', 'http://h/a\t', { url: 'http://h/b', name: 'CON' }),
      ['one.gif', 'two', '= http://h/a', '_CON'],
    );
  });

  it('downloads a URL once for each name that is asked for', async () => {
    const dup = '= http://h/a';
    assert.deepEqual(await names('http://h/a', 'http://h/a', 'http://h/a#x', 'http://H/a'), ['a', dup, dup, dup]);
    assert.deepEqual(await names('http://h/a', 'http://h/a\tx', 'http://h/a\tx', 'http://h/a\ty', 'http://h/a'), ['a', 'x', dup, 'y', dup]); // prettier-ignore
    assert.deepEqual(await names('http://h/a\tx', 'http://h/a', 'http://h/a\ta', 'http://h/a\ta'), [
      'x',
      dup,
      'a',
      dup,
    ]);
    assert.deepEqual(await names('http://h/a', 'http://h/a\ta', 'http://h/b\tx', 'http://h/b'), ['a', dup, 'x', '= http://h/b']); // prettier-ignore
  });

  it('gives two URLs with one name two names, stable from run to run', async () => {
    const list = [
      'http://h/1/a.gif',
      'http://h/2/A.gif',
      'http://h/1/a.gif',
      'http://h/3/a.gif?x',
      'http://h/',
      'http://g/',
    ];
    const first = await names(...list);
    assert.match(first.join(' '), /^a\.gif A-[0-9a-f]{8}\.gif = http:\/\/h\/1\/a\.gif a-[0-9a-f]{8}\.gif index\.html index-[0-9a-f]{8}\.html$/); // prettier-ignore
    assert.deepEqual(await names(...list), first);
  });

  it('refuses what is no http or https URL with a host, says why, and goes on', async () => {
    const refused = {
      '': 'no URL',
      'example.com/x': 'not an http or https URL: example.com/x',
      'localhost:8080/x': 'not an http or https URL: localhost:8080/x',
      'file:///etc/passwd': 'the scheme file is neither http nor https: file:///etc/passwd',
      'data:,x': 'not an http or https URL: data:,x',
      'http://': 'not a valid URL: http://',
      'http:///a/b': 'not a valid URL: http:///a/b',
      'http:a': 'not a valid URL: http:a',
      'http://h:99999/': 'not a valid URL: http://h:99999/',
      'http://a b/': 'not a valid URL: http://a b/',
      'http://h/a\thttp://h/b': 'more than one URL and one name: http://h/a\\u{9}http://h/b',
      'http://h/a\tb\tc': 'more than one URL and one name: http://h/a\\u{9}b\\u{9}c',
      'http://h/a\nhttp://h/b': 'the control character U+000A: http://h/a\\u{a}http://h/b',
    };
    const messages = await names(...Object.keys(refused), 'http://h/last');
    const expected = Object.values(refused).map((message, at) => `argument:${at + 1}: ${message}`);
    assert.deepEqual(messages, [...expected, 'last']);
    const [entry] = await entriesOf(urls('example.com/x'));
    assert.deepEqual(entry, {
      kind: 'refused',
      refused: {
        index: 0,
        source: 'argument',
        line: 1,
        text: 'example.com/x',
        error: {
          code: 'LIST_LINE',
          message: 'argument:1: not an http or https URL: example.com/x',
          hint: 'write http:// or https:// before the host',
        },
      },
    });
  });

  it('shows no password, no escape sequence and no more than the start of a refused text', async () => {
    const secret = 's3cret';
    for (const url of [
      `ftp://user:${secret}@h/`,
      `http://user:${secret}@h:99999/`,
      `http://user:${secret}/x@h/`,
      `http://${secret}@h:99999/`,
      `user:${secret}@h/x`,
      `http:/user:${secret}@h`,
      `http://user:${secret}@h/\u001b[2J\u202e`,
    ]) {
      const [entry] = await entriesOf(urls(url));
      assert.ok(entry?.kind === 'refused', url);
      const shown = JSON.stringify([entry.refused.text, entry.refused.error]);
      assert.ok(!shown.includes(secret) && shown.includes('***@h'), shown);
      assert.doesNotMatch(entry.refused.error.message, /[\p{Cc}\u202e]/u);
    }
    assert.deepEqual(await names('x'.repeat(5000)), [`argument:1: not an http or https URL: ${'x'.repeat(100)}…`]);
    const [item] = await entriesOf(urls('http://u:p@h/a'));
    assert.ok(item?.kind === 'item' && item.item.url === 'http://u:p@h/a');
  });

  it('accounts for every line of any list, with safe and unique names', async () => {
    const line = fc.oneof(
      fc.constantFrom(
        'http://h/a',
        'http://h/A',
        'https://h/',
        'http://h/%2e%2e%2f',
        'http://h/caf\u00e9',
        '#',
        '',
        'x',
      ),
      fc.constantFrom(
        'http://h/a\u0000',
        'http://h/\u001b[0m',
        'http://h/a\r',
        'http://h/a\t../../etc',
        'http://h/a\t-rf',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `http://h/${text}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 40 }), fc.nat(), async (lines, cut) => {
        const list = Buffer.from(lines.join('\n'));
        const at = cut % (list.length + 1);
        const entries = await entriesOf(stream(list.subarray(0, at), list.subarray(at)));
        assert.deepEqual(await entriesOf(stream(list)), entries);
        const textLines = list.toString().split('\n').map((text) => text.replace(/\r$/, '').replaceAll(/^[ \t]+|[ \t]+$/g, '')); // prettier-ignore
        assert.equal(entries.length, textLines.filter((text) => text !== '' && !text.startsWith('#')).length);
        const folded = entries.flatMap((entry) => (entry.kind === 'item' ? [entry.item.name.toUpperCase()] : []));
        assert.equal(new Set(folded).size, folded.length);
        for (const name of folded) assert.doesNotMatch(name, /^[.-]|[/\\\p{Cc}]/u);
      }),
    );
  });

  it('throws before the first entry if a list cannot be read', async () => {
    const good = await file('good.txt', 'http://h/a\n');
    const missing = join(directory, 'missing\u001b.txt');
    for (const [path, cause] of [
      [missing, 'ENOENT'],
      [directory, 'EISDIR'],
    ] as const) {
      const batches = plan([urls('http://h/b'), good, { kind: 'file', path }]);
      await assert.rejects(batches.next(), (error) => {
        assert.ok(error instanceof SluiceError);
        assert.equal(error.code, 'LIST_UNREADABLE');
        assert.ok(error.message.includes(path.replace('\u001b', '\\u{1b}')), error.message);
        assert.ok(error.message.includes(cause));
        assert.doesNotMatch(error.message, /\p{Cc}/u);
        assert.notEqual(error.hint, '');
        return true;
      });
    }
  });

  it('throws if a list may not be read', { skip: process.getuid?.() === 0 && 'root may read all' }, async () => {
    const source = await file('denied.txt', 'http://h/a\n');
    await chmod(join(directory, 'denied.txt'), 0);
    await assert.rejects(plan([source]).next(), {
      code: 'LIST_UNREADABLE',
      hint: 'make the list readable for your user',
    });
  });

  it('throws if a stream breaks, after the entries that came before', async () => {
    const input = new PassThrough();
    input.write('http://h/a\nhttp://h/b');
    const batches = plan([{ kind: 'stream', stream: input, label: '<stdin>' }]);
    assert.deepEqual(short([...(await batches.next()).value!]), ['a']);
    input.destroy(new Error('gone'));
    await assert.rejects(batches.next(), {
      code: 'LIST_UNREADABLE',
      message: 'cannot read --input-file <stdin>: gone',
    });
  });

  it('holds no entry back for input that stalls', async () => {
    const input = new PassThrough();
    input.write('http://h/a\nhttp://h/b\nhttp://h/');
    const batches = plan([{ kind: 'stream', stream: input, label: '<stdin>' }]);
    assert.deepEqual(short([...(await batches.next()).value!]), ['a', 'b']);
    const next = batches.next();
    input.end('c');
    assert.deepEqual(short([...(await next).value!]), ['c']);
    assert.equal((await batches.next()).done, true);

    const stalled = async function* () {
      yield 'http://h/a';
      await new Promise(() => {});
    };
    const fromUrls = plan([{ kind: 'urls', urls: stalled(), label: 'argument' }]);
    assert.deepEqual(short([...(await fromUrls.next()).value!]), ['a']);
  });

  it('reads nothing ahead, and closes its sources when it is left early', async () => {
    let taken = 0;
    let closed = false;
    function* endless() {
      try {
        for (;;) yield `http://h/${taken++}`;
      } finally {
        closed = true;
      }
    }
    for await (const batch of plan([{ kind: 'urls', urls: endless(), label: 'argument' }])) {
      assert.equal(batch.length, 64);
      if (taken >= 128) break;
    }
    assert.equal(taken, 128);
    assert.equal(closed, true);
  });

  it('passes items of an earlier plan on as they are, and gives those after them other names and numbers', async () => {
    const items = Array.from({ length: 100 }, (_, at) => ({
      index: 3 * at,
      url: `http://h/${at}/a`,
      origin: 'http://h',
      path: `/${at}/a`,
      name: at % 2 === 0 ? `a-${at}` : `3/f/a-${at}`,
    }));
    const later = urls('http://h/a-8', 'http://h/A-10');
    for (const source of [items, items.values(), PassThrough.from(items) as AsyncIterable<Item>]) {
      const entries = await entriesOf({ kind: 'items', items: source }, later);
      assert.deepEqual(
        entries.slice(0, 100),
        items.map((item) => ({ kind: 'item', item })),
      );
      assert.match(short(entries.slice(100)).join(' '), /^a-8-[0-9a-f]{8} A-10-[0-9a-f]{8}$/);
      assert.deepEqual(entries.slice(100).map(indexOf), [298, 299]);
    }
    const batches = [];
    for await (const batch of plan([{ kind: 'items', items }])) batches.push(batch.length);
    assert.deepEqual(batches, [64, 36]);
  });

  it('closes its lists at the end, when it is left early, and when another cannot be opened', async (t) => {
    const source = await file('closed.txt', 'http://h/a\n'.repeat(200));
    const open = async () => {
      const descriptors = await readdir('/proc/self/fd').catch(() => undefined);
      const targets = descriptors?.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
      return targets && (await Promise.all(targets)).filter((target) => target.endsWith('closed.txt')).length;
    };
    if ((await open()) === undefined) return t.skip('needs /proc');
    const batches = plan([source, source]);
    await batches.next();
    assert.equal(await open(), 2);
    await batches.return();
    assert.equal(await open(), 0);
    await entriesOf(source);
    assert.equal(await open(), 0);
    await assert.rejects(plan([source, { kind: 'file', path: directory }]).next());
    assert.equal(await open(), 0);
  });

  it('lets the event loop turn while it plans what is in memory', async () => {
    let turns = 0;
    const stop = new AbortController();
    const counting = (async () => {
      for (; !stop.signal.aborted; turns += 1) await setImmediate();
    })();
    const list = Array.from({ length: 30_000 }, (_, at) => `http://h/${at % 10}`);
    const entries = await entriesOf(urls(...list));
    stop.abort();
    await counting;
    assert.equal(entries.length, 30_000);
    assert.ok(turns > 10, `${turns} turns`);
  });
});
