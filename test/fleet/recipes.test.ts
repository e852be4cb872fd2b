/** What the README of fleets says of clusters is run as it stands, but for the cluster. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLI } from '../helpers/cli.js';
import { subfolder } from '../helpers/folders.js';
import { servePaths } from '../helpers/paths-server.js';
import { doneOf, namesOf, planOf } from '../helpers/plans.js';
import { scratch } from '../helpers/scratch.js';

const README = readFileSync(fileURLToPath(new URL('../../../src/fleet/README.md', import.meta.url)), 'utf8');
const SHARDS = 20;
const server = servePaths();

function recipe(title: string, language: string): string {
  const section = README.slice(README.indexOf(`\n## ${title}\n`));
  const block = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(section);
  return block?.[1] ?? assert.fail(`the README has no recipe for ${title}`);
}

/** A plan, and how a script is run beside it where there are `sluice` and `srun`. */
async function place(
  t: TestContext,
): Promise<{ directory: string; run: (script: string, env: object) => Promise<void> }> {
  const folder = scratch(t);
  const [directory, programs] = [subfolder(folder, 'photos'), subfolder(folder, 'bin')];
  const lines = Array.from({ length: SHARDS }, (_, n) => `${server.origin}/f${n}`);
  await planOf(directory, lines, { shardItems: 1 });
  const scripts = { sluice: `exec '${process.execPath}' '${CLI}' "$@"`, srun: 'exec "$@"' };
  for (const [name, line] of Object.entries(scripts)) {
    writeFileSync(join(programs, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(programs, name), 0o755);
  }
  const run = async (script: string, env: object): Promise<void> => {
    const path = `${programs}${delimiter}${process.env['PATH'] ?? ''}`;
    await promisify(execFile)('/bin/sh', ['-c', script], { env: { ...process.env, ...env, PATH: path } });
  };
  return { directory, run };
}

function shardsDone(directory: string): readonly number[] {
  return Array.from({ length: SHARDS }, (_, shard) => shard).filter((shard) => namesOf(directory, shard).length > 0);
}

test("the README's script for Slurm works off the part of each task", async (t) => {
  const { directory, run } = await place(t);
  const script = recipe('Slurm', 'sh');
  const [, least, most] = /--array=(\d+)-(\d+)/.exec(script) ?? assert.fail(script);
  const all = { SLURM_ARRAY_TASK_MIN: least, SLURM_ARRAY_TASK_MAX: most, SLURM_ARRAY_TASK_COUNT: '16' };
  assert.equal(Number(most) - Number(least) + 1, 16);
  for (const task of ['2', '15']) {
    await run(script.replace('/scratch/photos', directory), { ...all, SLURM_ARRAY_TASK_ID: task });
  }
  assert.deepEqual(shardsDone(directory), [2, 15, 18]);
});

test("the README's manifest for Kubernetes tells each pod how many there are, and works off its part", async (t) => {
  const { directory, run } = await place(t);
  const manifest = recipe('Kubernetes', 'yaml');
  const [, completions] = /\n {2}completions: (\d+)\n/.exec(manifest) ?? assert.fail(manifest);
  const [, told] = /- name: JOB_COMPLETIONS\n +value: '(\d+)'/.exec(manifest) ?? assert.fail(manifest);
  assert.equal(told, completions);
  const [, script] = /command: \['sh', '-c', '([^']+)'\]/.exec(manifest) ?? assert.fail(manifest);
  await run(String(script).replace('/photos', directory), { JOB_COMPLETIONS: told, JOB_COMPLETION_INDEX: '3' });
  assert.deepEqual(shardsDone(directory), [3, 19]);
  assert.equal(doneOf(directory, 19).ok, 1);
});
