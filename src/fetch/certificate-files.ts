/** The files that `--cacert`, `--cert` and `--key` name, proven to be what they should. */
import { readFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { UsageError } from '../errors.js';
import { type KeyPassword, openKey } from './key-password.js';
import type { WaySettings } from './way.js';

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

export interface CertificateFiles extends KeyPassword {
  readonly cacert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly insecure: boolean;
}

/** @throws UsageError */
export async function readCertificates(
  { cacert, cert, key, insecure, ...password }: CertificateFiles,
  warnings: string[],
): Promise<NonNullable<WaySettings['tls']>> {
  const ca = cacert === undefined ? undefined : await readPem('--cacert', cacert, CERTIFICATE, 'certificate');
  const own = cert === undefined ? undefined : await readPem('--cert', cert, CERTIFICATE, 'certificate');
  const hint = 'name the file of the key with --key';
  const pem = own === undefined ? undefined : key === undefined ? own : await readPem('--key', key, KEY, 'key');
  if (pem !== undefined && !KEY.test(pem)) throw new UsageError(`--cert ${cert} has no private key with it`, hint);
  const its = pem === undefined ? undefined : await openKey(pem, key ?? cert ?? '', password, warnings);
  // OpenSSL passes over what it cannot read in the file of an authority.
  for (const [each] of ca?.matchAll(BLOCK) ?? []) {
    prove(`--cacert ${cacert} cannot be used`, () => new X509Certificate(each));
  }
  if (own !== undefined) {
    prove(`--cert ${cert} and its key cannot be used`, () => createSecureContext({ cert: own, key: its }));
  }
  return { ca, cert: own, key: its, insecure };
}

async function readPem(option: string, path: string, wanted: RegExp, what: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option} ${path} cannot be read (${code})`, 'check the path and who may read it', error);
  }
  if (wanted.test(text)) return text;
  const hint = `it has to be PEM, with -----BEGIN and the word ${what.toUpperCase()}; openssl converts others`;
  throw new UsageError(`${option} ${path} has no ${what} in it`, hint);
}

function prove(message: string, attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    const { message: because } = error as Error;
    const isOther = because.includes('key values mismatch');
    const hint = isOther ? 'the key belongs to another certificate' : because.replace(/^error:[0-9a-f]+:/i, '');
    throw new UsageError(message, hint, error);
  }
}
