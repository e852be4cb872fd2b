/**
 * Bundles the command and the entries of its workers. Rollup puts what is always loaded together into one file, also
 * across `import()`: a run of one file reads a third of what esbuild makes of it.
 *
 * As CommonJS: Node starts its loader of ES modules for the first of them, and looks for the names that a CommonJS package
 * exports, with a parser in WebAssembly, when one is imported; that takes longer than all the rest.
 */
import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAst } from 'rollup/parseAst';
import { bundleModules, bundlePackages, licensesOf } from './bundle-packages.js';

const BUNDLE = 'dist/src/bundle';
const COMPILED = resolve('dist');
/** What is loaded together, by its roots, with all that they import; what is in several of them is in the first. */
const CHUNKS = {
  thread: ['workers/pool-entry.js'],
  program: ['src/program.js'],
  // What an ordinary run imports when it knows that it needs it.
  run: ['src/commands/get/get.js', 'src/pipeline/hand-off.js', 'src/executor/lone.js'],
};

// Chunks have names of their content: those of the last build would stay.
rmSync(BUNDLE, { recursive: true, force: true });

/** What a run loads of other packages. */
const PACKAGES = ['commander', 'undici/lib/core/connect.js', 'undici/lib/dispatcher/client.js'];
/** Packages of ES modules that are imported by name: Node 22 requires such only since 22.12. */
const MODULES = /^hyparquet(?:-writer)?(?:\/|$)/;

/** Comments that have lines of their own, but licences. */
const COMMENTS = /^[ \t]*(?:\/\/.*|\/\*(?!!)(?:(?!\*\/)[\s\S])*\*\/[ \t]*)$/gm;

/** The chunks of modules; those that are not here rollup shares out. */
const chunks = new Map();

/** @returns what the code means, wherever it stands */
function meaningOf(code) {
  return JSON.stringify(parseAst(code), (key, value) => {
    return key === 'start' || key === 'end' || typeof value === 'bigint' ? undefined : value;
  });
}

export default {
  input: {
    program: 'dist/src/program.js',
    'pool-entry': 'dist/workers/pool-entry.js',
    'tar-entry': 'dist/workers/tar-entry.js',
    'threads-entry': 'dist/src/executor/threads-entry.js',
  },
  external: (id) => /^[^./\0]/.test(id) && !PACKAGES.includes(id) && !MODULES.test(id),
  treeshake: { moduleSideEffects: 'no-external' },
  plugins: [
    bundlePackages(PACKAGES),
    bundleModules(MODULES),
    {
      name: 'what is loaded together',
      buildEnd() {
        for (const [chunk, roots] of Object.entries(CHUNKS)) {
          const found = new Set(roots.map((root) => resolve('dist', root)));
          for (const id of found) {
            if (!chunks.has(id)) chunks.set(id, chunk);
            for (const imported of this.getModuleInfo(id).importedIds)
              if (!this.getModuleInfo(imported).isExternal) found.add(imported);
          }
        }
      },
    },
    {
      name: 'maps of tsc',
      load: (id) => {
        if (!id.startsWith(COMPILED)) return null;
        return { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') };
      },
      resolveImportMeta: (property) =>
        property === 'url' ? "require('node:url').pathToFileURL(__filename).href" : null,
    },
    {
      name: 'no comments',
      renderChunk(code) {
        // Their lines stay, so that source maps do.
        const text = code.replaceAll(COMMENTS, (comment) => comment.replaceAll(/[^\n]/g, ''));
        if (meaningOf(text) !== meaningOf(code)) throw new Error('what was taken for a comment is none');
        return { code: text, map: null };
      },
    },
    {
      name: 'var for what a file declares',
      renderChunk(code) {
        let text = code;
        for (const { type, kind, start, id } of this.parse(code).body.toReversed()) {
          const keyword = type === 'VariableDeclaration' ? kind : type === 'ClassDeclaration' ? 'class' : 'var';
          if (keyword === 'var') continue;
          // As long as the keyword, so that source maps stay true.
          const declared = keyword === 'class' ? `var ${id.name} = class` : 'var'.padEnd(keyword.length);
          text = text.slice(0, start) + declared + text.slice(start + keyword.length);
        }
        return { code: text, map: null };
      },
    },
  ],
  output: {
    dir: BUNDLE,
    banner: ({ moduleIds }) => licensesOf(moduleIds),
    manualChunks: (id) => chunks.get(id),
    format: 'cjs',
    exports: 'named',
    // What Node makes of a CommonJS module that is imported: its default export is all that it exports.
    interop: 'default',
    externalLiveBindings: false,
    hoistTransitiveImports: false,
    sourcemap: true,
    minifyInternalExports: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
  },
};
