import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/commands/all.js';
import { EXAMPLES } from '../../src/commands/manual/texts.js';
import { COMMAND_GROUPS, groupOf, OPTION_GROUPS } from '../../src/commands/manual/groups.js';
import { pages } from '../../src/commands/manual/roff.js';
import { command as get } from '../../src/commands/get/command.js';
import { sluice } from '../helpers/cli.js';
import { missing } from '../helpers/programs.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'dist', 'man');
const shown = (flags: typeof get.flags): typeof get.flags => flags.filter(({ hidden }) => hidden !== true);

describe('the manual', () => {
  test('has a page for each command, and the package names them all', () => {
    const names = ['sluice.1', ...COMMANDS.map(({ name }) => `sluice-${name}.1`)].toSorted();
    assert.deepEqual(readdirSync(folder).toSorted(), names);
    const { man } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { man: readonly string[] };
    assert.deepEqual(man.toSorted(), names.map((name) => `./dist/man/${name}`).toSorted());
  });

  test('is what the build has written', () => {
    for (const [name, page] of pages()) assert.equal(readFileSync(join(folder, name), 'utf8'), page);
  });

  test('is rendered by man without a warning', { skip: missing('man') }, () => {
    for (const name of readdirSync(folder)) {
      const { status, stderr, stdout } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', join(folder, name)], {
        encoding: 'utf8',
        env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' },
      });
      assert.deepEqual([status, stderr], [0, ''], name);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 200, line);
    }
  });

  test('shows each option as it is written', { skip: missing('man') }, () => {
    for (const { name, flags } of COMMANDS) {
      const { stdout } = spawnSync('man', ['-E', 'ascii', '-l', join(folder, `sluice-${name}.1`)], {
        encoding: 'utf8',
        env: { ...process.env, MANWIDTH: '200', MAN_KEEP_FORMATTING: '' },
      });
      for (const { flag } of shown(flags)) assert.ok(stdout.includes(flag), `${name} ${flag}`);
    }
  });
});

describe('help', () => {
  test('has the options of each command in groups, in one group each', async () => {
    for (const { name, flags } of COMMANDS) {
      const { stdout, status } = await sluice([name, '--help'], { cwd: '.', env: { COLUMNS: '80' } });
      assert.equal(status, 0);
      for (const { flag } of shown(flags))
        assert.equal(stdout.split(`\n  ${flag}`).filter((rest) => /^\s/.test(rest)).length, 1, `${name} ${flag}`);
      for (const [line] of EXAMPLES[name] ?? []) assert.ok(stdout.includes(line), line);
      for (const line of stdout.split('\n')) if (!line.startsWith('  sluice ')) assert.ok(line.length <= 80, line);
    }
  });

  test('has a heading for each option of sluice get, and names no option that there is not', () => {
    const none = shown(get.flags).filter(({ flag }) => groupOf(flag) === 'Options');
    assert.deepEqual(
      none.map(({ flag }) => flag),
      [],
    );
    const all = COMMANDS.flatMap(({ flags }) => flags.map(({ flag }) => flag)).join(' ');
    for (const name of Object.values(OPTION_GROUPS).flat()) assert.match(all, new RegExp(`--(?:no-)?${name}\\b`));
  });

  test('names each command below a heading', async () => {
    assert.deepEqual(Object.values(COMMAND_GROUPS).flat().toSorted(), COMMANDS.map(({ name }) => name).toSorted());
    const { stdout } = await sluice(['--help'], { cwd: '.' });
    for (const heading of Object.keys(COMMAND_GROUPS)) assert.ok(stdout.includes(`\n${heading}:\n`), heading);
  });

  test('has examples that the commands take', () => {
    for (const [name, examples] of Object.entries(EXAMPLES)) {
      const { flags = [] } = COMMANDS.find((its) => its.name === name) ?? {};
      const all = new Set(flags.flatMap(({ flag }) => flag.match(/-[\w-]+/g) ?? []));
      for (const [line] of examples) {
        for (const [, used = ''] of line.matchAll(/ (--?[a-z][\w-]*)/g)) assert.ok(all.has(used), `${line}: ${used}`);
      }
    }
  });

  test('of what was misspelt says what was meant', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['gte'], /Did you mean get\?/],
      [['get', '--max-request', '5', 'x'], /Did you mean --max-requests\?/],
      [['status', '--jsn', 'x'], /Did you mean --json\?/],
      [['completon'], /Did you mean completion\?/],
    ];
    for (const [args, said] of cases) {
      const { status, stderr } = await sluice(args, { cwd: '.' });
      assert.equal(status, 2);
      assert.match(stderr, said);
    }
  });
});
