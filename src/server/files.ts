/** The files that a server serves, in memory. `render.ts` makes them. */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../errors.js';
import { ALL_CODES } from '../flags/codes.js';

/** Where the build puts the flags and the package ships them: `dist/flags`. */
export const FLAGS_DIRECTORY = fileURLToPath(new URL('../../flags', import.meta.url));

export interface ServedFile {
  readonly body: Buffer;
  /** Its headers of representation, ready to be sent. */
  readonly headers: Readonly<Record<'content-type' | 'content-length' | 'etag' | 'last-modified', string>>;
}

/**
 * Reads the flag and the metadata of all 194 codes, about 1 MB.
 *
 * @returns the files by their path on the server, such as `/flags/br/br.gif`
 * @throws SluiceError `INTERNAL` if one cannot be read
 */
export async function loadFlags(directory: string = FLAGS_DIRECTORY): Promise<ReadonlyMap<string, ServedFile>> {
  const wanted = ALL_CODES.map((code) => code.toLowerCase()).flatMap((cc) => [
    { path: `${cc}/${cc}.gif`, type: 'image/gif' },
    { path: `${cc}/metadata.json`, type: 'application/json' },
  ]);
  try {
    return new Map(
      await Promise.all(
        wanted.map(async ({ path, type }) => [`/flags/${path}`, await load(join(directory, path), type)] as const),
      ),
    );
  } catch (cause) {
    throw new SluiceError('INTERNAL', `the flags in ${directory} cannot be read`, {
      hint: 'npm run build makes them; a package that was installed without them has to be installed again',
      cause,
    });
  }
}

async function load(path: string, type: string): Promise<ServedFile> {
  const [body, { mtime }] = await Promise.all([readFile(path), stat(path)]);
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16);
  return {
    body,
    headers: {
      'content-type': type,
      'content-length': String(body.length),
      etag: `"${hash}"`,
      'last-modified': mtime.toUTCString(),
    },
  };
}
