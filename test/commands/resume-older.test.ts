/** Destinations that an older build has made (c05e793, on Node 20), one of each layout, are gone on with. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { warmSluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

const DESTINATIONS = fileURLToPath(new URL('../../../test/fixtures/destinations', import.meta.url));

describe('a destination of an older build', () => {
  for (const layout of ['flat', 'hashed', 'tar']) {
    test(`${layout}: what is stored is not requested again, and what failed is`, async (t) => {
      const cwd = scratch(t);
      cpSync(DESTINATIONS, cwd, { recursive: true });
      const before = filesBelow(join(cwd, layout));
      const status = await warmSluice(['status', layout], { cwd });
      assert.match(status.stdout, new RegExp(`\n${layout}: 4 files stored, 73 B\\.\n1 not found\\.`));
      const verify = await warmSluice(['verify', layout], { cwd });
      assert.equal(verify.stdout, '4 files right, 73 B; 0 wrong.\n');
      // Its server is gone: what is requested fails.
      const args = ['get', '-i', 'urls', '-d', layout, '--layout', layout, '--tries', '1'];
      const again = await warmSluice(args, { cwd });
      assert.equal(again.status, 1, again.stderr);
      assert.match(
        again.stderr,
        /^0 files downloaded.*\n4 files of an earlier run are there\.\n1 error: 1 NET_REFUSED\.$/m,
      );
      assert.deepEqual(filesBelow(join(cwd, layout)), before);
    });
  }
});
