import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DOWNLOAD_FLAGS } from '../../src/commands/command.js';
import { command as get } from '../../src/commands/get/command.js';
import { optionsOf } from '../../src/options/flags.js';
import { resolveOptions } from '../../src/options/resolve.js';
import { nameOf, type OptionName, OPTIONS, type Row } from '../../src/options/table.js';
import { comments, PAGE, renderPage } from '../helpers/options-page.js';

const rows = Object.entries(OPTIONS) as [OptionName, Row<unknown, unknown, unknown>][];

describe('the options of a download', () => {
  test('have the default and the bounds in the library’s comments that their rows have', () => {
    const told = comments();
    assert.deepEqual(Object.keys(told), Object.keys(OPTIONS));
    for (const [name, { kind, default: usual }] of rows) {
      const text = told[name] as string;
      const [, value] = /Default: `([^`]+)`/.exec(text) ?? [];
      assert.equal(value, usual === undefined ? undefined : String(usual as string | number | boolean), name);
      const [, range] = /^([\d,]+ to [\d,]+)/.exec(kind.bounds ?? '') ?? [];
      if (range !== undefined) assert.ok(text.includes(range), `${name}: ${text}`);
    }
  });

  test('stand in the page beside their rows, which `npm run docs` makes', async () => {
    assert.equal(readFileSync(PAGE, 'utf8'), await renderPage());
  });

  test('have flags of their own, and sluice get takes all of them but the latency that is only tried', () => {
    const flags = rows.flatMap(([, { flag }]) => flag ?? []);
    assert.equal(new Set(flags).size, flags.length);
    const taken = new Set(get.flags.map(({ flag }) => flag));
    assert.deepEqual(
      flags.filter((flag) => !taken.has(flag)),
      ['--simulate-latency <META,WRITE>'],
    );
    for (const { flag } of DOWNLOAD_FLAGS) assert.ok(taken.has(flag), flag);
  });

  test('take their defaults from the command line as the library does', () => {
    const values = Object.fromEntries(rows.map(([name, { default: usual }]) => [camelCase(nameOf(name)), usual]));
    assert.deepEqual(resolveOptions(optionsOf(values)), resolveOptions({}));
  });

  test('are named in messages as on the command line', () => {
    assert.deepEqual((['maxRequests', 'journal', 'headers', 'simulatedLatency', 'grace'] as const).map(nameOf), [
      'max-requests',
      'journal',
      'header',
      'simulate-latency',
      'grace',
    ]);
  });
});

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
