/** Users and passwords by hosts, in the file that ftp has had since 4.2BSD, as curl reads it. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { printable } from '../shared/printable.js';
import { readSecret } from './secret-file.js';

/** Plain data, so that threads get it, too. */
export interface Login {
  /** Without a port; undefined is any other host. */
  readonly host: string | undefined;
  readonly user: string;
  readonly password: string;
}

/** @param path default: where `NETRC` says, or `.netrc` in the home folder @throws UsageError */
export async function readNetrc(
  path: string | undefined,
  env: NodeJS.ProcessEnv,
  warnings: string[],
): Promise<readonly Login[]> {
  const named = path ?? (env['NETRC'] || undefined);
  const usual = join(homedir(), process.platform === 'win32' ? '_netrc' : '.netrc');
  const file = named ?? usual;
  let text: string;
  try {
    text = await readSecret(file, 'the passwords', warnings);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const option = path === undefined ? '--netrc' : '--netrc-file';
    const hint = 'check the path and who may read it; --netrc-file names another one';
    throw new UsageError(`${option}: ${printable(file, 1000)} cannot be read (${code})`, hint, error);
  }
  return parseNetrc(text, file);
}

/** @param file for messages @throws UsageError with the number of a line, and never with what is in it */
export function parseNetrc(text: string, file: string): readonly Login[] {
  const logins: Login[] = [];
  let current: { host: string | undefined; user: string; password: string } | undefined;
  let expects: { readonly what: string; readonly line: number } | undefined;
  let inMacro = false;
  let number = 0;
  const refuse = (line: number, what: string): never => {
    const hint = 'write: machine HOST login NAME password PASSWORD';
    throw new UsageError(`${printable(file, 1000)}, line ${line}: ${what}`, hint);
  };
  for (const line of text.split(/\r?\n/)) {
    number += 1;
    // A macro ends with an empty line.
    if (inMacro) {
      inMacro = line.trim() !== '';
      continue;
    }
    for (const token of tokensOf(line, () => refuse(number, 'a quote that does not end'))) {
      if (expects !== undefined) {
        const { what } = expects;
        if (what === 'machine') logins.push((current = { host: token.toLowerCase(), user: '', password: '' }));
        else if (what === 'macdef') inMacro = true;
        else if (current === undefined) refuse(number, `${what} before any machine`);
        else if (what === 'login') current.user = token;
        else if (what === 'password') current.password = token;
        expects = undefined;
        if (inMacro) break;
      } else if (token === 'default') logins.push((current = { host: undefined, user: '', password: '' }));
      else if (KEYWORDS.has(token)) expects = { what: token, line: number };
      else refuse(number, 'a word that is none of machine, default, login, password, account and macdef');
    }
  }
  if (expects !== undefined) refuse(expects.line, `nothing follows ${expects.what}`);
  return logins;
}

const KEYWORDS: ReadonlySet<string> = new Set(['machine', 'login', 'password', 'account', 'macdef']);
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Words; one in quotes may hold blanks, and a backslash before what would not be itself. A word that begins with # ends the line. */
function* tokensOf(line: string, onOpenQuote: () => never): Generator<string, void, undefined> {
  for (const [, quoted, open, plain] of line.matchAll(/"((?:[^"\\]|\\.)*)"|(")|(\S+)/g)) {
    if (open !== undefined) onOpenQuote();
    if (plain?.startsWith('#') === true) return;
    yield plain ?? (quoted ?? '').replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
  }
}
