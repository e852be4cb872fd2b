/**
 * Bundles the command and the entries of its workers. Rollup puts what is always loaded together into one file, also
 * across `import()`: a run of one file reads a third of what esbuild makes of it.
 */
import { readFileSync, rmSync } from 'node:fs';

const BUNDLE = 'dist/src/bundle';

// Chunks have names of their content: those of the last build would stay.
rmSync(BUNDLE, { recursive: true, force: true });

export default {
  input: {
    program: 'dist/src/program.js',
    'pool-entry': 'dist/workers/pool-entry.js',
    'tar-entry': 'dist/workers/tar-entry.js',
  },
  external: /^[^./]/,
  plugins: [
    {
      name: 'maps of tsc',
      load: (id) => ({ code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') }),
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
    sourcemap: true,
    minifyInternalExports: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
};
