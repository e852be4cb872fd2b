/** Completion in the shells themselves, without the command on the path: no TAB starts it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from '@lydell/node-pty';
import { COMMANDS } from '../../src/commands/all.js';
import { sluice } from '../helpers/cli.js';
import { missing } from '../helpers/programs.js';
import { scratch } from '../helpers/scratch.js';

type Shell = 'bash' | 'zsh' | 'fish';

const scripts = new Map<Shell, string>();

/** A folder with something to complete, and the script of a shell. */
function folderFor(t: TestContext, shell: Shell): string {
  const cwd = scratch(t);
  mkdirSync(join(cwd, 'some folder'));
  writeFileSync(join(cwd, 'some list.txt'), '');
  writeFileSync(join(cwd, 'script'), scripts.get(shell) as string);
  return cwd;
}

/** What each shell offers for the last word of a line. */
const OFFERS: Readonly<
  Record<Shell, (cwd: string, words: readonly string[]) => readonly string[] | Promise<readonly string[]>>
> = {
  bash: (cwd, words) => {
    const ask = 'source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; printf "%s\\n" "${COMPREPLY[@]}"';
    return lines('bash', ['--norc', '-c', ask, 'bash', ...words], cwd);
  },
  fish: (cwd, words) => {
    const all = lines('fish', ['--no-config', '-c', 'source ./script; complete -C "$argv"', words.join(' ')], cwd);
    return all.map((line) => line.replace(/\t.*/, '').replace(/\/$/, ''));
  },
  zsh: inZsh,
};

function lines(program: string, args: readonly string[], cwd: string): readonly string[] {
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: cwd },
  });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Where there is nothing to list, zsh does not say so: this comes after it. */
const LISTED = '<listed>';
const ZSHRC = `
PS1='READY> '
autoload -U compinit; compinit -u -D
source ./script
zstyle ':completion:*' list-separator '#'
LISTMAX=1000
list-and-tell() { zle list-choices; zle -R; print -n "${LISTED}" >$TTY }
zle -N list-and-tell
bindkey '^I' list-and-tell
`;

/** It completes only for who types: the line is typed, and it lists what there is for it. */
async function inZsh(cwd: string, words: readonly string[]): Promise<readonly string[]> {
  writeFileSync(join(cwd, '.zshrc'), ZSHRC);
  const env = { ...process.env, HOME: cwd, ZDOTDIR: cwd, TERM: 'xterm' };
  const shell = spawn('zsh', ['-d', '-i'], { cwd, cols: 300, rows: 200, env });
  let told = '';
  shell.onData((text) => (told += text));
  const line = words.join(' ');
  try {
    while (!told.includes('READY> ')) await sleep(20);
    told = '';
    shell.write(`${line}\t`);
    while (!told.includes(LISTED)) await sleep(20);
  } finally {
    shell.kill('SIGKILL');
  }
  // oxlint-disable-next-line no-control-regex
  const plain = told.replace(LISTED, '').replaceAll(/\u001b\[[\d;?]*[a-zA-Z]|\u001b[=>]|\u0007/g, '');
  const listed = plain
    .slice(plain.indexOf(line) + line.length)
    .split(/[\r\n]+/)
    .filter((row) => !row.startsWith('READY> '));
  const names = listed
    .flatMap((row) => row.split(/\s{2,}/))
    .map((word) => word.replace(/ *#.*/, '').replace(/\/$/, '').trim());
  // It may draw the line once more.
  return names.filter((name) => name !== '' && !name.startsWith('sluice '));
}

before(async () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    scripts.set(shell, (await sluice(['completion', shell], { cwd: '.' })).stdout);
  }
});

const LAYOUTS = ['flat', 'hashed', 'tar'];

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  describe(`completion in ${shell}`, { skip: missing(shell) }, () => {
    const offers: readonly (readonly [string, readonly string[], (offered: readonly string[]) => void])[] = [
      ['commands', ['sluice', 'st'], (offered) => assert.ok(offered.includes('status'))],
      [
        'options of a command',
        ['sluice', 'get', '--lay'],
        (offered) => assert.ok(offered.includes('--layout'), offered.join()),
      ],
      [
        'values of a choice',
        ['sluice', 'get', '--layout', ''],
        (offered) => assert.deepEqual(offered.toSorted(), LAYOUTS),
      ],
      [
        'files where one is taken',
        ['sluice', 'get', '-i', 'some'],
        (offered) =>
          assert.ok(
            offered.some((name) => /list\\? ?/.test(name)),
            offered.join(),
          ),
      ],
      [
        'folders alone where one is taken',
        ['sluice', 'status', ''],
        (offered) => assert.match(offered.join(), /^some\\? folder$/),
      ],
      [
        'no value that nobody can know',
        ['sluice', 'get', '--rate', '1'],
        (offered) =>
          assert.deepEqual(
            offered.filter((word) => /list|folder|--/.test(word)),
            [],
          ),
      ],
    ];
    for (const [what, words, check] of offers) {
      test(`offers ${what}`, async (t) => check(await OFFERS[shell](folderFor(t, shell), words)));
    }
  });
}

test('completion in bash offers values after an equals sign, too', { skip: missing('bash') }, async (t) => {
  assert.deepEqual(await OFFERS.bash(folderFor(t, 'bash'), ['sluice', 'get', '--layout', '=', 'ha']), ['hashed']);
});

test('each script names each command and each option that is in the help', () => {
  for (const script of scripts.values()) {
    for (const { name, flags } of COMMANDS) {
      assert.ok(script.includes(name));
      for (const { flag, hidden } of flags) {
        const [, long = ''] = /--([\w-]+)/.exec(flag) ?? [];
        if (hidden !== true) assert.ok(script.includes(long), `${name} ${long}`);
      }
    }
  }
});

test('a shell that is not known is a usage error', async () => {
  const { status, stderr } = await sluice(['completion', 'tcsh'], { cwd: '.' });
  assert.equal(status, 2);
  assert.match(stderr, /^\*\*\* Usage error: there is no completion for tcsh: give one of bash, zsh, fish$/m);
});
