import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';

import type { Columns } from '../../src/item.js';
import { AddressParser } from '../../src/plan/address.js';
import { Namer } from '../../src/plan/namer.js';
import { foldersOf, isItemName } from '../../src/plan/paths.js';
import { plan } from '../../src/plan/plan.js';
import type { Layout } from '../../src/protocol/settings.js';
import { columnsOf, DIRECTORIES, parseTemplate, type Template } from '../../src/plan/template.js';
import { CodeUnits } from '../../src/shared/code-units.js';
import { murmur3 } from '../../src/shared/murmur3.js';

const addresses = new AddressParser();
const units = new CodeUnits();

function nameOf(template: string | Template, text: string, index = 7, columns?: Columns): string {
  units.load(text);
  const address = addresses.parse(text, units);
  assert.ok(address, text);
  const hash = new Uint32Array(4);
  murmur3(units, hash);
  const namer = new Namer(typeof template === 'string' ? parseTemplate('name', template) : template);
  const name = namer.nameOf({ ...address, index, hash, columns }, units);
  return typeof name === 'string' ? name : `fault: ${name.message}`;
}

describe('a template', () => {
  const url = 'http://user:pw@Example.com:8001/pics/caf%C3%A9/photo.tar.gz?size=1/2&x=%2F';
  const cases: [template: string, name: string][] = [
    ['{host}', 'example.com+8001'],
    ['{path}', 'pics/café/photo.tar.gz'],
    ['{host}/{path}', 'example.com+8001/pics/café/photo.tar.gz'],
    ['{basename}', 'photo.tar.gz'],
    ['{stem}|{ext}', 'photo.tar_gz'],
    ['{stem}.{ext}', 'photo.tar.gz'],
    ['{query}', 'size=1_2&x=_'],
    ['{index}', '7'],
    ['{index:06}.{ext}', '000007.gz'],
    ['{index:3}', '007'],
    ['{{{index}}}', '{7}'],
    ['all/{index}', 'all/7'],
    ['../{basename}', 'photo.tar.gz'],
    ['same', 'same'],
  ];
  for (const [template, name] of cases) {
    it(`makes ${JSON.stringify(name)} of ${JSON.stringify(template)}`, () => assert.equal(nameOf(template, url), name));
  }

  it('names a URL by its hash, in 16 digits, the same in every run', () => {
    assert.match(nameOf('{hash}', 'http://h/a'), /^[0-9a-f]{16}$/);
    assert.equal(nameOf('{hash}', 'http://h/a'), nameOf('{hash}', 'http://h/a', 8));
    assert.notEqual(nameOf('{hash}', 'http://h/a'), nameOf('{hash}', 'http://h/b'));
  });

  it('has what is at a URL that ends in a slash as index.html, and no dot before an extension that is none', () => {
    assert.equal(nameOf('{path}', 'http://h/a/b/'), 'a/b/index.html');
    assert.equal(nameOf('{path}', 'http://h'), 'index.html');
    assert.equal(nameOf('{index}-{stem}.{ext}', 'http://h/README'), '7-README');
  });

  it('makes no folders of slashes that are escaped, and leads nowhere', () => {
    assert.equal(nameOf('{path}', 'http://h/a%2Fb/c'), 'a_b/c');
    assert.equal(nameOf('{path}', 'http://h/%2e%2e%2f%2e%2e%2fetc/x'), '_.._.._etc/x');
    assert.equal(nameOf('{host}/{path}', 'http://h/.ssh/.sluice-1'), 'h/_.ssh/_.sluice-1');
  });

  it('takes columns of the list, whose slashes are folders, and is a fault of a row that has none', () => {
    const columns = { class: 'cats/tabby', id: 17, none: null, many: [1] };
    assert.equal(nameOf('{column:class}/{column:id}.{ext}', 'http://h/x.jpg', 0, columns), 'cats/tabby/17.jpg');
    for (const column of ['none', 'many', 'other', 'toString']) {
      assert.match(nameOf(`{column:${column}}`, 'http://h/x.jpg', 0, columns), /^fault: nothing in the column/);
    }
    assert.match(nameOf('{column:id}', 'http://h/x.jpg'), /^fault: nothing in the column "id", which --name asks for/);
  });

  it('tells the columns that have to be read', () => {
    assert.deepEqual(columnsOf(parseTemplate('name', '{column:b}{host}{column:a}{column:b}')), ['b', 'a']);
    assert.deepEqual(columnsOf(undefined), []);
  });

  const wrong: [template: string, message: RegExp][] = [
    ['', /it is empty/],
    ['{', /a { without a } after it/],
    ['a{host', /a { without a } after it/],
    ['a}b', /a } without a { before it/],
    ['{nothing}', /{nothing} is no field/],
    ['{}', /{} is no field/],
    ['{column:}', /{column:} is no field/],
    ['{index:x}', /{index:x} is no field/],
    ['{index:21}', /{index:21} is no field/],
    ['{host:3}', /{host:3} is no field/],
    ['{pathAndQuery}', /is no field/],
    ['{host}/', /it ends in a folder/],
  ];
  for (const [template, message] of wrong) {
    it(`is refused with the fields that there are: ${JSON.stringify(template)}`, () => {
      assert.throws(() => parseTemplate('name', template), {
        name: 'UsageError',
        message,
        hint: /{host}, {path}, .*{column:NAME}/,
      });
    });
  }

  it('makes safe names of any URL and any column', () => {
    const fields = fc.constantFrom(
      '{host}',
      '{path}',
      '{basename}',
      '{stem}',
      '{ext}',
      '{query}',
      '{column:c}',
      '/',
      '..',
      'x',
    );
    const template = fc.array(fields, { minLength: 1, maxLength: 6 }).map((parts) => `${parts.join('')}{index}`);
    fc.assert(
      fc.property(template, fc.webUrl({ withQueryParameters: true }), fc.string({ unit: 'binary' }), (text, url, c) => {
        assert.ok(isItemName(nameOf(text, url, 1, { c })));
      }),
    );
  });
});

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

describe('a plan with a template', () => {
  const url = fc
    .tuple(
      fc.constantFrom('http://h', 'http://H:81', 'https://h'),
      fc.array(
        fc.constantFrom('/', '/a', '/A', '/b', '/a.b', '/%2e%2e%2f', '/CON', '?a', '?/b', `/${'x'.repeat(250)}`),
      ),
      fc.constantFrom('', '', '\ta/b', '\tA', '\t../a/', '\t/'),
    )
    .map(([host, path, name]) => host + path.join('') + name);
  const templates = ['{host}/{path}', '{path}/{index}', '{basename}', 'same', '{query}', '{host}/{stem}/{ext}'];

  it('gives safe and unique names that are no folders of others, the same in every run', async () => {
    const template = fc.constantFrom(DIRECTORIES, ...templates.map((text) => parseTemplate('name', text)));
    const layout = fc.constantFrom<Layout>('flat', 'hashed', 'tar');
    await fc.assert(
      fc.asyncProperty(fc.array(url, { maxLength: 30 }), template, layout, async (urls, made, where) => {
        const names = async (): Promise<string[]> => {
          const batches = await collect(
            plan([{ kind: 'urls', urls, label: 'argument' }], { layout: where, template: made }),
          );
          return batches.flat().flatMap((entry) => (entry.kind === 'item' ? entry.item.name : []));
        };
        const given = await names();
        assert.deepEqual(await names(), given);
        for (const name of given) assert.ok(isItemName(name), name);
        const files = new Set(given.map((name) => name.toUpperCase()));
        assert.equal(files.size, given.length);
        for (const name of given)
          for (const folder of foldersOf(name.toUpperCase())) assert.ok(!files.has(folder), name);
      }),
      { numRuns: 150 },
    );
  });

  it('downloads a URL once, but where columns or a list name it twice', async () => {
    const urls = ['http://h/a', 'http://h/a', 'http://h/a\tx/y', { url: 'http://h/b', name: 'x/y' }];
    const [entries = []] = await collect(
      plan([{ kind: 'urls', urls, label: 'argument' }], { template: parseTemplate('name', '{index}/{basename}') }),
    );
    const shown = entries.map((entry) => (entry.kind === 'item' ? entry.item.name : entry.kind));
    assert.match(shown.join(' '), /^0\/a duplicate x\/y x\/y-[0-9a-f]{8}$/);
  });
});

describe('--force-directories', () => {
  const cases: [url: string, name: string][] = [
    ['http://h/a/b.jpg', 'h/a/b.jpg'],
    ['http://h:80/', 'h/index.html'],
    ['https://h:8443/a/', 'h+8443/a/index.html'],
    ['http://[::1]:81/x', '[__1]+81/x'],
    ['http://h/list?page=2', 'h/list@page=2'],
    ['http://h/?page=2', 'h/index.html@page=2'],
    ['http://h/a?', 'h/a'],
  ];
  for (const [url, name] of cases) it(`stores ${url} as ${name}`, () => assert.equal(nameOf(DIRECTORIES, url), name));
});
