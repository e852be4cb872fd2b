import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';
import { servePaths } from '../helpers/signals.js';

/** Of Node 20.19, which is the first to load a module that way, and later. */
const flags = ['--trace-require-module=all'];

describe('a thread that is ended while it loads does not end the process', () => {
  // Node 20 and 22 end it where the module is required, so none may be.
  for (const options of ['--workers 1', '--executor threads', '--layout tar', '--image-check pixels']) {
    test(`${options}: no thread requires an ES module`, async (t) => {
      await using server = await servePaths();
      const args = ['get', `${server.origin}/a`, '-q', ...options.split(' ')];
      const { stderr } = await sluice(args, { cwd: scratch(t), flags });
      assert.doesNotMatch(stderr, /loading ES Module .* using require/);
    });
  }
});
