/**
 * `npm run test:nodes`: runs the compiled tests on every Node that is supported, each taken from its npm package. The
 * native modules (sharp, node-pty) keep to Node-API, so one build serves all.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAJORS = ['20', '22', '24', '26'];

const platform = process.platform === 'win32' ? 'win' : process.platform;
/** One at a time: some compare times. */
const tests = readdirSync('dist/test', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(?:test|timing)\.js$/.test(name))
  .map((name) => join('dist/test', name));
const prefix = mkdtempSync(join(tmpdir(), 'sluice-nodes-'));
let failed = 0;
try {
  const packages = MAJORS.map((major) => `n${major}@npm:node-${platform}-${process.arch}@${major}`);
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', prefix, ...packages];
  run('npm', install);
  for (const major of MAJORS) {
    const node = join(prefix, 'node_modules', `n${major}`, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    process.stdout.write(`\n== Node ${version}\n`);
    const { status } = spawnSync(node, ['--test', '--test-concurrency=1', ...tests], { stdio: 'inherit' });
    if (status !== 0) failed += 1;
  }
} finally {
  rmSync(prefix, { recursive: true, force: true });
}
process.stdout.write(`\n${MAJORS.length - failed} of ${MAJORS.length} versions of Node passed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}
