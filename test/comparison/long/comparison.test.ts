import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPrograms } from '../../../src/comparison/programs.js';
import { findNginx } from '../../../src/comparison/server.js';
import { isGone } from '../../helpers/programs.js';
import { scratch } from '../../helpers/scratch.js';
import { until } from '../../helpers/signals.js';

const PEERS = fileURLToPath(new URL('../../../src/comparison/comparison.js', import.meta.url));
const HEADING = /^### \d{4}-\d\d-\d\d, \d+ × .+, \S+ \S+, Node \d+\.\d+\.\d+/;
const hasCurl = findPrograms('curl').length > 0;

interface Report {
  readonly scenarios: readonly {
    readonly name: string;
    readonly runs: readonly { readonly contestant: string; readonly right: number; readonly wall: number }[];
    readonly rows: readonly { readonly contestant: string; readonly ratio?: { readonly median: number } }[];
  }[];
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(process.execPath, [PEERS, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }));
  return { child, output, ended };
}

describe('bench:peers', () => {
  test('races, checks every file, prints a table, and leaves nothing behind', async (t) => {
    const [folder, dir] = [scratch(t), scratch(t)];
    const json = join(folder, 'runs.json');
    const args = [
      '--scenario',
      'fast',
      '--files',
      '50',
      '--rounds',
      '1',
      '--only',
      'curl',
      '--dir',
      dir,
      '--json',
      json,
    ];
    const { status, stdout, stderr } = await start(args).ended;
    assert.equal(status, 0, stderr);
    const [heading = '', , title = '', , header = '', , ...rows] = stdout.trimEnd().split('\n');
    assert.match(heading, HEADING);
    assert.equal(/, curl \d/.test(heading), hasCurl);
    const server = findNginx() === undefined ? 'a Node server' : String.raw`nginx [\d.]+`;
    assert.match(
      title,
      new RegExp(`^\\*\\*fast\\*\\*: 50 files of 1 to 36 KB \\(.+ MB\\) from ${server} to \\w+, 64 req`),
    );
    assert.match(header, /^\| +\| files\/s \| wall s \| CPU s \| peak MB \| right \| sluice is faster by \|$/);
    const figures = String.raw`\| +[\d,]+ \| +\d+\.\d\d \| +\d+\.\d\d \| +(\d+|–) \| +50 \| +`;
    assert.match(rows[0] as string, new RegExp(`^\\| sluice +${figures}\\|$`));
    if (hasCurl)
      assert.match(rows[1] as string, new RegExp(`^\\| curl +${figures}\\d+\\.\\d\\d \\(.+\\.\\..+\\) \\|$`));
    const contestants = hasCurl ? ['sluice', 'curl'] : ['sluice'];
    assert.equal(rows.length, contestants.length);
    assert.deepEqual(readdirSync(dir), []);

    const [scenario] = (JSON.parse(readFileSync(json, 'utf8')) as Report).scenarios;
    assert.deepEqual(
      scenario?.runs.map(({ contestant, right }) => ({ contestant, right })),
      contestants.map((contestant) => ({ contestant, right: 50 })),
    );
    const [mine, other] = scenario?.runs ?? [];
    if (hasCurl) assert.equal(scenario?.rows[1]?.ratio?.median, 50 / mine!.wall / (50 / other!.wall));
  });

  test('stores on the slow storage that it is told, in each layout, and leaves nothing there', async (t) => {
    const [slow, dir] = [scratch(t), scratch(t)];
    const args = ['--scenario', 'slow', '--files', '20', '--rounds', '2', '--only', 'sluice-hashed,sluice-tar'];
    const { status, stdout, stderr } = await start([...args, '--slow-dir', slow, '--dir', dir]).ended;
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^\*\*slow\*\*: .* to slow storage, .* medians of 2 rounds$/m);
    for (const name of ['sluice', 'sluice-hashed', 'sluice-tar']) {
      assert.match(stdout, new RegExp(`^\\| ${name} .*\\| +20 \\|`, 'm'));
    }
    const turns = [...stderr.matchAll(/^slow, round \d of 2: (\S+)/gm)].map(([, name]) => name);
    const order = ['sluice', 'sluice-hashed', 'sluice-tar'];
    assert.deepEqual(turns, [...order, ...order.toReversed()]);
    assert.deepEqual(readdirSync(slow), []);
    assert.deepEqual(readdirSync(dir), []);
  });

  test('skips the slow storage that it is not told of, and says so', async (t) => {
    const dir = scratch(t);
    const { status, stdout, stderr } = await start(['--scenario', 'slow', '--only', 'sluice', '--dir', dir]).ended;
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^slow is skipped: .*--slow-dir$/m);
    assert.deepEqual(readdirSync(dir), []);
  });

  test('names the peers that are not there, with the packages that bring them', async (t) => {
    const env = { ...process.env, PATH: scratch(t) };
    const { stderr } = await start(['--scenario', 'slow', '--dir', scratch(t)], env).ended;
    for (const [name, debian] of Object.entries({ wget2: 'wget2', aria2c: 'aria2', aiohttp: 'python3-aiohttp' })) {
      assert.match(stderr, new RegExp(`^${name} is skipped: .* Debian has it in ${debian}$`, 'm'));
    }
  });

  test('skips what its folder has no room for', async (t) => {
    const { stderr } = await start([
      '--scenario',
      'fast',
      '--files',
      '999999999',
      '--only',
      'sluice',
      '--dir',
      scratch(t),
    ]).ended;
    assert.match(stderr, /^fast is skipped: needs \d+ MB, and there are \d+ MB/m);
  });

  test('ended by Ctrl-C it stops its server, removes what it made, and ends with 130', async (t) => {
    const dir = scratch(t);
    const args = ['--scenario', 'fast', '--files', '50', '--rounds', '999999', '--only', 'sluice', '--dir', dir];
    const { child, output, ended } = start(args);
    while (!output.stderr.includes('round 1 of')) await once(child.stderr, 'data');
    const [place = ''] = readdirSync(dir);
    const pid = findNginx() && Number(readFileSync(join(dir, place, 'fast', 'nginx', 'nginx.pid'), 'utf8'));
    child.kill('SIGINT');
    const { status, stdout, stderr } = await ended;
    assert.equal(status, 130);
    assert.equal(stdout, '');
    assert.match(stderr, /^\*\*\* Interrupted$/m);
    assert.deepEqual(readdirSync(dir), []);
    if (pid !== undefined) await until(() => isGone(Number(pid)));
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown scenario', ['--scenario', 'fast,mars'], /--scenario knows no "mars": choose from fast, slow/],
    ['an unknown contestant', ['--only', 'wget'], /--only knows no "wget": choose from sluice/],
    ['no rounds', ['--rounds', '0'], /--rounds 0/],
    ['fewer rounds than none', ['--rounds=-1'], /--rounds -1/],
    ['a number of files that is none', ['--files', 'many'], /--files many/],
    ['slow storage that is not there', ['--slow-dir', 'absent'], /--slow-dir absent is no folder/],
    ['a place that is not there', ['--dir', 'absent'], /--dir absent is no folder/],
    ['a report where there is no folder', ['--json', 'absent/runs.json'], /--json absent\/runs\.json/],
    ['an unknown option', ['--fast'], /--fast/],
  ];
  for (const [what, args, expected] of wrong) {
    test(`${what} is a usage error: status 2, and nothing done`, async (t) => {
      const dir = join(scratch(t), 'place');
      mkdirSync(dir);
      const { status, stdout, stderr } = await start(['--dir', dir, ...args]).ended;
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^\*\*\* Usage error: /);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.deepEqual(readdirSync(dir), []);
    });
  }
});
