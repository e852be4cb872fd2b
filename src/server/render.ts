/**
 * Renders the flags that the servers serve. The build runs this file as a script; nothing else imports it, so that no
 * server loads an image library.
 */

import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderGif } from '../../workers/steps/pixels.js';
import { SluiceError } from '../errors.js';
import { makeFolders } from '../shared/folders.js';
import { ALL_CODES } from '../flags/codes.js';
import { FLAGS_DIRECTORY } from './files.js';

/** Pixels; the flags are 4 to 3, so 240 high. */
const WIDTH = 320;

const FLAG_ICONS = fileURLToPath(new URL('.', import.meta.resolve('flag-icons/package.json')));

/** What the flags in a directory were made from, in a file beside them: their times tell nothing, npm sets its own. */
const STAMP = 'rendered.json';

/**
 * Renders the flags of all codes from the SVG files of the flag-icons package in `source`, each with its country's name
 * beside it. Leaves alone what the same version made before, and removes nothing.
 *
 * @returns how many it rendered, 0 to 194
 * @throws SluiceError `INTERNAL` for a code that flag-icons does not have, before anything is written
 */
export async function renderFlags(directory = FLAGS_DIRECTORY, source = FLAG_ICONS): Promise<number> {
  const stamp = JSON.stringify({ 'flag-icons': await packageVersion(source), width: WIDTH });
  const current = (await readIfThere(join(directory, STAMP))) === stamp;
  const names = await countryNames(source);

  const svgs = await Promise.all(
    ALL_CODES.map((code) => readIfThere(join(source, 'flags', '4x3', `${code.toLowerCase()}.svg`))),
  );
  // After all are read, so that the error is always of the first code that lacks something.
  const flags = ALL_CODES.map((code, index): Flag => {
    const cc = code.toLowerCase();
    const svg = svgs[index];
    const country = names.get(cc);
    if (svg === undefined || country === undefined) {
      throw new SluiceError('INTERNAL', `flag-icons has no flag or no name for ${code}`, {
        hint: 'install the version of flag-icons that package-lock.json names',
      });
    }
    const folder = join(directory, cc);
    return { svg, country, folder, gif: join(folder, `${cc}.gif`), metadata: join(folder, 'metadata.json') };
  });
  const rendered = await Promise.all(
    flags.map(async ({ svg, country, folder, gif, metadata }) => {
      if (current && (await exists(gif)) && (await exists(metadata))) return false;
      await makeFolders(folder);
      await writeWhole(gif, await renderGif(Buffer.from(svg), WIDTH));
      await writeWhole(metadata, `${JSON.stringify({ country })}\n`);
      return true;
    }),
  );
  // Last: a build that was interrupted is done again, not taken for a whole one.
  if (!current) await writeWhole(join(directory, STAMP), stamp);
  return rendered.filter(Boolean).length;
}

interface Flag {
  readonly svg: string;
  readonly country: string;
  readonly folder: string;
  readonly gif: string;
  readonly metadata: string;
}

async function packageVersion(source: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  return version;
}

async function countryNames(source: string): Promise<ReadonlyMap<string, string>> {
  const countries = JSON.parse(await readFile(join(source, 'country.json'), 'utf8')) as {
    code: string;
    name: string;
  }[];
  return new Map(countries.map(({ code, name }) => [code, name]));
}

/** Never half a file under a name that a server reads, should the build be killed or run twice at once. */
async function writeWhole(path: string, data: string | Buffer): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(absent)) !== undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(absent);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

const isScript = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isScript) await renderFlags();
