/**
 * Plugins of rollup that put packages into the bundle. Of CommonJS packages file by file, as they are, what is required before
 * anything runs; what a function requires is found in the package.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';

const require = createRequire(import.meta.url);
/** What rollup leaves to the plugin that has made the name. */
const FILES = '\0files of ';
const ENTRY = '\0entry ';
/** Where the package of a module lies. */
const PACKAGE = /^.*[\\/]node_modules[\\/][^\\/]+/;
const REQUIRED = /\brequire\(['"](\.[^'"]+)['"]\)/g;

/** @param entries of packages, by the names that they are imported by */
export function bundlePackages(entries) {
  const packageOf = (entry) => entry.split('/')[0];
  return {
    name: 'packages',
    resolveId(id) {
      if (id.startsWith(FILES)) return id;
      return entries.includes(id) ? ENTRY + id : null;
    },
    load(id) {
      const found = { moduleSideEffects: false };
      if (id.startsWith(FILES)) {
        const name = id.slice(FILES.length);
        const own = entries.filter((entry) => packageOf(entry) === name);
        return { ...found, code: filesOf(name, own.map(require.resolve)) };
      }
      if (!id.startsWith(ENTRY)) return null;
      const entry = id.slice(ENTRY.length);
      const name = packageOf(entry);
      return { ...found, code: entryOf(entry, FILES + name, within(name, require.resolve(entry))) };
    },
  };
}

/** @param names of what is imported */
export function bundleModules(names) {
  return {
    name: 'modules of packages',
    resolveId: (id, importer) => (names.test(id) ? createRequire(importer).resolve(id) : null),
  };
}

/** @returns the licences of all packages that the modules are of */
export function licensesOf(ids) {
  const named = ids.map((id) => (id.startsWith(FILES) ? folderOf(id.slice(FILES.length)) : PACKAGE.exec(id)?.[0]));
  const folders = new Set(named.filter((folder) => folder !== undefined));
  return [...folders].map(licenseOf).join('\n');
}

function licenseOf(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `/*! ${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}*/`;
}

/** @returns where the package lies */
function folderOf(name) {
  const folder = join('node_modules', name);
  const file = require.resolve(name);
  return file.slice(0, file.lastIndexOf(folder) + folder.length);
}

/** @returns the file as the package calls it */
function within(name, file) {
  return relative(folderOf(name), file).replaceAll(sep, '/');
}

/** @returns a module that exports what the file does */
function entryOf(entry, files, file) {
  const names = Object.keys(require(entry)).filter((key) => /^[A-Za-z]\w*$/.test(key) && key !== 'default');
  return `import load from ${JSON.stringify(files)};
const exported = load(${JSON.stringify(file)});
export default exported;
${names.map((key) => `export const ${key} = exported.${key};`).join('\n')}
`;
}

/** @returns a module that exports what loads a file of the package, once */
function filesOf(name, roots) {
  const found = new Set(roots);
  const files = [];
  for (const path of found) {
    const text = readFileSync(path, 'utf8');
    const source = text.replaceAll(REQUIRED, (_call, wanted, at) => {
      const to = createRequire(path).resolve(wanted);
      const file = within(name, to);
      // What stands in a line that is indented is in a function.
      if (/\s/.test(text[text.lastIndexOf('\n', at) + 1])) return `require('${name}/${file}')`;
      found.add(to);
      return `load('${file}')`;
    });
    // In parentheses: V8 would read it twice otherwise, first to see where it ends.
    files.push(`'${within(name, path)}': (function (exports, module) {${source}\n})`);
  }
  return `const files = {\n${files.join(',\n')}\n};
const loaded = new Map();
export default function load(path) {
  let module = loaded.get(path);
  if (module === undefined) {
    module = { exports: {} };
    loaded.set(path, module);
    files[path](module.exports, module);
  }
  return module.exports;
}
`;
}
