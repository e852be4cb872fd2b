/**
 * `npm run test:nodes`: runs the compiled tests, the long ones too, on every Node that is supported, each taken from its
 * npm package; `npm run test:nodes -- 24`: what `npm test` runs, on that one. The native modules (sharp, node-pty) keep
 * to Node-API, so one build serves all. Of the long ones those are left out that measure a machine or a server (bench, rates,
 * the comparison), and of what is drawn by chance each Node gets its part: it is drawn whole by `npm run test:faults`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const MAJORS = ['20', '22', '24', '26'];

const asked = process.argv.slice(2);
const unknown = asked.find((major) => !MAJORS.includes(major));
if (unknown !== undefined) throw new Error(`no Node ${unknown} is supported: choose from ${MAJORS.join(', ')}`);
const majors = asked.length === 0 ? MAJORS : asked;
const part = { SLUICE_MINUTES: '0.5', SLUICE_KILLS: '8' };
const scripts = asked.length === 0 ? ['test:built', 'test:timing', 'test:long'] : ['test:built'];

const platform = process.platform === 'win32' ? 'win' : process.platform;
const prefix = mkdtempSync(join(tmpdir(), 'sluice-nodes-'));
let failed = 0;
try {
  const packages = majors.map((major) => `n${major}@npm:node-${platform}-${process.arch}@${major}`);
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', prefix, ...packages];
  if (!succeeds('npm', install)) throw new Error(`npm ${install.join(' ')} failed`);
  for (const major of majors) {
    // The scripts run whatever node comes first.
    const path = [join(prefix, 'node_modules', `n${major}`, 'bin'), process.env['PATH']].join(delimiter);
    process.stdout.write(`\n== Node ${major}\n`);
    if (!succeeds('node', ['--version'], path)) throw new Error(`Node ${major} cannot be run`);
    const ended = scripts.map((script) => succeeds('npm', ['run', '--silent', script], path));
    if (ended.includes(false)) failed += 1;
  }
} finally {
  rmSync(prefix, { recursive: true, force: true });
}
process.stdout.write(`\n${majors.length - failed} of ${majors.length} versions of Node passed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function succeeds(command: string, args: readonly string[], path = process.env['PATH']): boolean {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...part, ...process.env, PATH: path } }).status === 0;
}
