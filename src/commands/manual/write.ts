/** Writes the pages of the manual, for the package. The build runs this file as a script. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pages } from './roff.js';

const FOLDER = fileURLToPath(new URL('../../../man', import.meta.url));

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
for (const [name, page] of pages()) writeFileSync(join(FOLDER, name), page);
