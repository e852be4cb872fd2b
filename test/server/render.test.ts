import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SluiceError } from '../../src/errors.js';
import { ALL_CODES } from '../../src/flags/codes.js';
import { loadFlags } from '../../src/server/files.js';
import { renderFlags } from '../../src/server/render.js';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><path fill="#069" d="M0 0h4v3H0z"/></svg>';

async function emptyDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-render-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

/** A package like flag-icons, with flags that are quickly rendered. */
async function flagIcons(t: TestContext): Promise<string> {
  const root = await emptyDirectory(t);
  const codes = ALL_CODES.map((code) => code.toLowerCase());
  await mkdir(join(root, 'flags', '4x3'), { recursive: true });
  await writeFile(join(root, 'package.json'), '{"version":"1.0.0"}');
  await writeFile(join(root, 'country.json'), JSON.stringify(codes.map((code) => ({ code, name: `Land of ${code}` }))));
  await Promise.all(codes.map(async (cc) => writeFile(join(root, 'flags', '4x3', `${cc}.svg`), SVG)));
  return root;
}

test('renders what is outdated, then only what is missing, and removes nothing', async (t) => {
  const [directory, source] = [await emptyDirectory(t), await flagIcons(t)];
  // What an older version left.
  for (const code of ALL_CODES) {
    const cc = code.toLowerCase();
    await mkdir(join(directory, cc));
    await writeFile(join(directory, cc, `${cc}.gif`), 'old');
    await writeFile(join(directory, cc, 'metadata.json'), 'old');
  }
  await writeFile(join(directory, 'rendered.json'), '{"flag-icons":"0.9.0","width":320}');
  await writeFile(join(directory, 'mine.txt'), 'mine');
  const names = (await readdir(directory, { recursive: true })).sort();

  assert.equal(await renderFlags(directory, source), 194);
  for (const { body } of (await loadFlags(directory)).values()) assert.notEqual(body.toString(), 'old');

  const brazil = join(directory, 'br', 'br.gif');
  const { ino } = await stat(brazil);
  assert.equal(await renderFlags(directory, source), 0);
  assert.equal((await stat(brazil)).ino, ino);

  await rm(join(directory, 'br'), { recursive: true });
  await unlink(join(directory, 'cn', 'cn.gif'));
  await unlink(join(directory, 'in', 'metadata.json'));
  assert.equal(await renderFlags(directory, source), 3);
  assert.equal(await readFile(join(directory, 'br', 'metadata.json'), 'utf8'), '{"country":"Land of br"}\n');
  assert.equal((await readFile(brazil)).toString('latin1', 0, 6), 'GIF89a');
  assert.deepEqual((await readdir(directory, { recursive: true })).sort(), names);
});

for (const missing of ['flag', 'name']) {
  test(`a code without a ${missing} is an error that names it, and nothing is written`, async (t) => {
    const [directory, source] = [await emptyDirectory(t), await flagIcons(t)];
    if (missing === 'flag') await unlink(join(source, 'flags', '4x3', 'zw.svg'));
    else await writeFile(join(source, 'country.json'), '[]');
    await assert.rejects(
      renderFlags(directory, source),
      (error) => error instanceof SluiceError && error.message.endsWith(missing === 'flag' ? 'for ZW' : 'for AD'),
    );
    assert.deepEqual(await readdir(directory), []);
  });
}
