/** What `npm pack` takes along. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const MIB = 2 ** 20;

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

function pack(): Packed {
  const { stdout } = spawnSync(NPM, ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return (JSON.parse(stdout) as [Packed])[0];
}

const { files, size, unpackedSize } = pack();
const paths = files.map(({ path }) => path);
const packed = new Set(paths);

/** Files that a compiled one names: by imports, and by their place. */
function namedIn(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  const isTypes = /\.d\.c?ts$/.test(path);
  const named = [
    ...text.matchAll(/\b(?:from|import|require)\s*\(?\s*['"](\.\.?\/[^'"]+)['"]/g),
    ...text.matchAll(/new URL\(['"](\.[^'"]+\.c?js)['"],\s*(?:import\.meta\.url\)|require\('node:url'\))/g),
  ];
  return named.map(([, to = '']) => {
    const target = posix.join(dirname(path), to);
    return isTypes ? target.replace(/\.(c?)js$/, '.d.$1ts') : target;
  });
}

/** Links of a document that lead to no other site. */
function linksOf(path: string): readonly string[] {
  const links = [...readFileSync(join(root, path), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to);
  return links.filter((to) => !/^https?:/.test(to));
}

/** Headings are found as GitHub makes their anchors. */
function leadsSomewhere(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? from : posix.join(dirname(from), file);
  if (!packed.has(target)) return false;
  if (anchor === undefined) return true;
  const headings = readFileSync(join(root, target), 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].some(([, text = '']) => {
    return (
      text
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-') === anchor
    );
  });
}

describe('the package', () => {
  test('has all that its files import, types included', () => {
    const code = paths.filter((path) => /\.(?:c?js|d\.c?ts)$/.test(path));
    assert.ok(code.length > 200, `only ${code.length} files found`);
    const lost = code.flatMap((path) => namedIn(path).flatMap((to) => (packed.has(to) ? [] : [`${path}: ${to}`])));
    assert.deepEqual(lost, []);
  });

  test('has types of what the library shows, no source maps and no tests', () => {
    const types = paths.filter((path) => /\.d\.c?ts$/.test(path));
    const shown = new Set(['dist/src/index.d.ts', 'dist/src/require.d.cts', ...types.flatMap(namedIn)]);
    assert.deepEqual(types.toSorted(), [...shown].toSorted());
    assert.deepEqual(
      paths.filter((path) => path.endsWith('.map') || path.startsWith('dist/test/')),
      [],
    );
  });

  test('has no link, which npm would leave out, and no name that Windows refuses', () => {
    for (const path of paths) {
      assert.ok(lstatSync(join(root, path)).isFile(), path);
      assert.doesNotMatch(path, /[:*?"<>|\\]/);
    }
  });

  test('has the flags that its servers serve, and what is read by its name', () => {
    for (const path of ['dist/flags/br/br.gif', 'README.md', 'LICENSE', 'package.json'])
      assert.ok(packed.has(path), path);
    assert.equal(paths.filter((path) => path.endsWith('.gif')).length, 194);
  });

  test('has each file, and in it each heading, that its documents link to', () => {
    const documents = paths.filter((path) => path.endsWith('.md'));
    assert.ok(documents.includes('README.md') && documents.length > 10, documents.join());
    const lost = documents.flatMap((path) => linksOf(path).filter((link) => !leadsSomewhere(path, link)));
    assert.deepEqual(lost, []);
  });

  test('is small: half of it are flags', () => {
    assert.ok(size < 1.6 * MIB, `${size} bytes`);
    assert.ok(unpackedSize < 4 * MIB, `${unpackedSize} bytes`);
  });

  test('has a command that is a script for Node', () => {
    const path = manifest.bin['sluice'] as string;
    assert.ok(packed.has(path));
    assert.match(readFileSync(join(root, path), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  test('can go without sharp, and needs nothing else that is native', () => {
    assert.deepEqual(Object.keys(manifest.optionalDependencies), ['sharp']);
    assert.ok(!('sharp' in manifest.dependencies));
  });
});

test('the scripts that build, start and test take no shell but that of npm', () => {
  const { build = '', bundle = '', start = '', test: its = '', prepack = '' } = manifest.scripts;
  for (const script of [build, bundle, start, its, prepack, manifest.scripts['test:built'] ?? '']) {
    assert.doesNotMatch(script, /\b(?:rm|ln|cp|mv|mkdir|test|env)\s+-|^\w+=|\$|['`;*]/);
  }
});
