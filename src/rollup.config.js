/**
 * Bundles the command and the entries of its workers. Rollup puts what is always loaded together into one file, also
 * across `import()`: a run of one file reads a third of what esbuild makes of it.
 */
import { readFileSync } from 'node:fs';

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
  ],
  output: {
    dir: 'dist/src/bundle',
    sourcemap: true,
    minifyInternalExports: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
};
