/**
 * Gives the built command the name that the README calls it by in a clone, `dist/src/cli.js`. The package has no such name: npm
 * packs no links. Where none can be made (Windows), it is a module: Node reads modules with libuv's threads, so that their
 * number is Node's own then.
 */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';

const NAME = 'dist/src/cli.js';

rmSync(NAME, { force: true });
try {
  symlinkSync('cli.cjs', NAME);
} catch {
  writeFileSync(NAME, "import './cli.cjs';\n");
}
