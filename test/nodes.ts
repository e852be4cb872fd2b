/**
 * `npm run test:nodes`: runs the compiled tests, and those that compare times, on every Node that is supported, each taken
 * from its npm package; `npm run test:nodes -- 24`: what `npm test` runs, on that one; `npm run test:nodes -- 22 26
 * test:fleet`: another script, on those. The native modules (sharp, node-pty) keep to Node-API, so one build serves all.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const MAJORS = ['20', '22', '24', '26'];

const asked = process.argv.slice(2);
const named = asked.filter((one) => one.startsWith('test:'));
const unknown = asked.find((one) => !named.includes(one) && !MAJORS.includes(one));
if (unknown !== undefined) throw new Error(`no Node ${unknown} is supported: choose from ${MAJORS.join(', ')}`);
const majors = asked.length === named.length ? MAJORS : asked.filter((one) => MAJORS.includes(one));
const whole = asked.length === 0 ? ['test:built', 'test:timing'] : ['test:built'];
const scripts = named.length === 0 ? whole : named;

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
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, PATH: path } }).status === 0;
}
