/** Private keys that have a password, which `--pass` or `--pass-file` says. */
import { createPrivateKey } from 'node:crypto';
import { UsageError } from '../errors.js';
import { printable } from '../shared/printable.js';
import { readSecret } from './secret-file.js';

const WITH_PASSWORD = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

export interface KeyPassword {
  readonly pass: string | undefined;
  readonly passFile: string | undefined;
}

/**
 * The key as it is used: without its password, so that threads need not have that, too.
 *
 * @param pem the text of its file, which may have a certificate in it
 * @param path for messages
 * @throws UsageError
 */
export async function openKey(
  pem: string,
  path: string,
  { pass, passFile }: KeyPassword,
  warnings: string[],
): Promise<string> {
  if (!WITH_PASSWORD.test(pem)) return pem;
  const password = pass ?? (passFile === undefined ? undefined : await readPassword(passFile, warnings));
  if (password === undefined) {
    const way = 'name a file that has it with --pass-file, or write the key without one: openssl pkey -in KEY -out NEW';
    throw new UsageError(`the key in ${printable(path, 1000)} has a password`, way);
  }
  try {
    return createPrivateKey({ key: pem, passphrase: password }).export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch (error) {
    const option = pass === undefined ? '--pass-file' : '--pass';
    const hint = `check the password in ${option}, with openssl pkey -in KEY -noout`;
    throw new UsageError(`the key in ${printable(path, 1000)} cannot be opened with that password`, hint, error);
  }
}

async function readPassword(path: string, warnings: string[]): Promise<string> {
  let text: string;
  const told = printable(path, 1000);
  try {
    text = await readSecret(path, 'the password', warnings);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--pass-file ${told} cannot be read (${code})`, 'check the path and who may read it', error);
  }
  const [first = ''] = text.split(/\r?\n/, 1);
  if (first !== '') return first;
  throw new UsageError(`--pass-file ${told} has no password in it`, 'its first line has to be the password');
}
