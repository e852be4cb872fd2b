import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openKey } from '../../src/fetch/key-password.js';
import { scratch } from '../helpers/scratch.js';

const NONE = { pass: undefined, passFile: undefined };
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const OPEN = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const LOCK = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 's3cret wörd' } as const;
/** As openssl writes keys now, and as it did before. */
const LOCKED = [
  privateKey.export({ type: 'pkcs8', ...LOCK }).toString(),
  privateKey.export({ type: 'sec1', ...LOCK }).toString(),
];
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

function file(t: TestContext, text: string, mode = 0o600): string {
  const path = join(scratch(t), 'password');
  writeFileSync(path, text, { mode });
  return path;
}

describe('a private key', () => {
  it('without a password stays as it is', async () => {
    assert.equal(await openKey(OPEN, 'key', NONE, []), OPEN);
    assert.equal(await openKey(OPEN, 'key', { ...NONE, pass: 'x' }, []), OPEN);
  });

  for (const [at, pem] of LOCKED.entries()) {
    it(`with one is opened, be it said or in a file, after a certificate, too (${['PKCS 8', 'SEC 1'][at]})`, async (t) => {
      const warnings: string[] = [];
      const files = [file(t, 's3cret wörd'), file(t, 's3cret wörd\r\nsomething else\n')];
      for (const password of [{ pass: 's3cret wörd' }, ...files.map((passFile) => ({ passFile }))]) {
        for (const text of [pem, CERTIFICATE + pem]) {
          const opened = await openKey(text, 'key', { ...NONE, ...password }, warnings);
          assert.ok(createPrivateKey(opened).equals(privateKey));
        }
      }
      assert.deepEqual(warnings, []);
    });

    it(`with one is told of, and what is wrong never shows a password (${['PKCS 8', 'SEC 1'][at]})`, async (t) => {
      const cases = [
        [NONE, /^the key in key has a password$/],
        [{ ...NONE, pass: 's3cret' }, /^the key in key cannot be opened with that password$/],
        [{ ...NONE, passFile: file(t, 's3cret\n') }, /^the key in key cannot be opened with that password$/],
        [{ ...NONE, passFile: file(t, '\n') }, /^--pass-file .* has no password in it$/],
        [{ ...NONE, passFile: '/nowhere/p' }, /^--pass-file \/nowhere\/p cannot be read \(ENOENT\)$/],
      ] as const;
      for (const [password, message] of cases) {
        await assert.rejects(openKey(pem, 'key', password, []), (error: Error) => {
          assert.match(error.message, message);
          assert.doesNotMatch(JSON.stringify(error), /s3cret/);
          return true;
        });
      }
    });
  }

  it('is opened by a file that others can read, which is told', { skip: process.platform === 'win32' }, async (t) => {
    const warnings: string[] = [];
    await openKey(LOCKED[0] as string, 'key', { ...NONE, passFile: file(t, 's3cret wörd', 0o644) }, warnings);
    assert.match(warnings.join(), /others can read the password in .*: chmod 600/);
  });
});
