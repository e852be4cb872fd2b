/** A folder for one test, removed after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function scratch(test: { after(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
