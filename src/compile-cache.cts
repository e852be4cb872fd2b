/**
 * Lets Node keep what V8 makes of the program's files (Node 22.1 and later), in Node's own place for that. CommonJS, because it
 * has to be done before the first of them is loaded.
 */
import fs = require('node:fs');
import modules = require('node:module');
import os = require('node:os');
import path = require('node:path');

/** What types of Node 20 do not know. */
interface WithCache {
  readonly enableCompileCache?: (directory: string) => { readonly directory?: string };
}

/** Does nothing where it is asked not to, where Node was given another place, or where there is no place that is safe. */
function enableCompileCache(): void {
  const { enableCompileCache: enable } = modules as WithCache;
  const { NODE_COMPILE_CACHE: given, NODE_DISABLE_COMPILE_CACHE: disabled } = process.env;
  if (enable === undefined || given !== undefined || disabled !== undefined) return;
  const folder = path.join(os.tmpdir(), 'node-compile-cache');
  if (!isOwn(folder)) return;
  const { directory } = enable(folder);
  // Threads have caches of their own, and look here for where these are.
  if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] = directory;
}

/** What lies in it is run: nobody else may have made it, or write to it. */
function isOwn(folder: string): boolean {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch {
    const found = fs.lstatSync(folder, { throwIfNoEntry: false });
    if (found?.isDirectory() !== true) return false;
    return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
  }
}

export = { enableCompileCache };
