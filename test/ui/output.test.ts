import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { CLI } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { serveInThread } from '../helpers/http-thread.js';
import { scratch } from '../helpers/scratch.js';

const noShell = process.platform === 'win32' ? 'needs a POSIX shell' : false;
const FILES = 300;

describe('a command whose output nobody reads to the end', { skip: noShell }, () => {
  // The status is that of the command, which the last of a pipe is not.
  const told = '; echo "status $?" >&3; }';
  const closed = [
    ['standard output after one line', `{ "$0" "$@" -v${told} | head -1`],
    ['standard output before it starts', `{ "$0" "$@" -v >&-${told}`],
    ['standard error after one line', `{ "$0" "$@" 2>&1 >/dev/null${told} | head -1`],
    ['standard error before it starts', `{ "$0" "$@" 2>&-${told}`],
    ['both', `{ "$0" "$@" -v 2>&1${told} | head -1`],
  ] as const;
  for (const [position, [what, script]] of closed.entries()) {
    const missing = position % 2 === 0 ? 20 : 0;
    test(`${what}: stores ${FILES} files, and its status tells of them, with ${missing} missing`, async (t) => {
      const cwd = scratch(t);
      const origin = await serveInThread(t);
      const paths = Array.from({ length: FILES }, (_, n) => `${origin}/noise/${n}/100\t${n}\n`);
      const not = Array.from({ length: missing }, (_, n) => `${origin}/status/404/${n}\n`);
      writeFileSync(join(cwd, 'list'), [...not, ...paths].join(''));
      const args = ['get', '-i', 'list', '-d', 'out'];
      const shell = ['-c', `exec 3>status; ${script}`, process.execPath, CLI, ...args];
      await promisify(execFile)('sh', shell, { cwd });
      assert.equal(readFileSync(join(cwd, 'status'), 'utf8'), `status ${missing === 0 ? 0 : 1}\n`);
      const found = filesBelow(join(cwd, 'out')).filter((path) => !path.startsWith('.sluice'));
      assert.equal(found.length, FILES);
    });
  }
});
