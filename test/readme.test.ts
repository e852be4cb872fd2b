/** The README is a promise: its example is run as it stands. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { command } from '../src/commands/bench/command.js';
import { serveInThread } from '../src/server/thread.js';
import { describeVerdict } from '../src/verdict/verdict.js';
import type { Bound } from '../src/outcome.js';
import { REPORTS } from './helpers/bench-reports.js';
import { scratch } from './helpers/scratch.js';
import { filesBelow } from './helpers/folders.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('what the README says of a verdict is how it is told, and each bound is named', () => {
  const readme = readFileSync(join(root, 'src/verdict/README.md'), 'utf8');
  const bound = 'storage';
  const [detail, advice] = ['32 writers waiting on rename', 'try --layout hashed'];
  assert.ok(readme.includes(`\nHeld up by ${describeVerdict({ bound, share: 0.87, detail, advice })}.\n`));
  const bounds: Readonly<Record<Bound, true>> = {
    storage: true,
    cpu: true,
    budget: true,
    'main thread': true,
    server: true,
    network: true,
    list: true,
    reader: true,
    limit: true,
  };
  for (const name of Object.keys(bounds)) assert.ok(readme.includes(`\`${name}\``), name);
});

test('the README of bench documents each field that a report of sluice bench has, and none that it has not', () => {
  const readme = readFileSync(join(root, 'src/bench/README.md'), 'utf8');
  const [, rows = ''] = /\n\| field [\s\S]+?\n\| -[^\n]+\n([\s\S]+?)\n(?:\n|$)/.exec(readme) ?? [];
  const told = new Set([...rows.matchAll(/`([\w.[\]]+)`/g)].flatMap(([, path = '']) => path.match(/\w+/g) ?? []));
  const fields = new Set(['size', 'least', 'most', ...Object.values(REPORTS).flatMap(keysOf)]);
  const values = new Set(['sluice', 'bench', '1', 'get', 'inline', 'sequential']);
  assert.deepEqual(
    [...fields].filter((field) => !told.has(field)),
    ['median'],
  );
  assert.deepEqual(
    [...told].filter((word) => !fields.has(word) && !values.has(word)),
    [],
  );
});

test('the README of bench documents each option that sluice bench takes, and none that it does not', () => {
  const readme = readFileSync(join(root, 'src/bench/README.md'), 'utf8');
  const [, rows = ''] = /\n\| option [\s\S]+?\n\| -[^\n]+\n([\s\S]+?)\n(?:\n|$)/.exec(readme) ?? [];
  const firsts = rows.split('\n').map((row) => row.split('|')[1] ?? '');
  const told = firsts.flatMap((cell) => cell.match(/--[a-z-]+/g) ?? []).concat('--max-requests');
  const taken = command.flags.map(({ flag }) => /--[a-z-]+/.exec(flag)?.[0] ?? flag);
  assert.deepEqual(told.toSorted(), taken.toSorted());
});

function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

test('the README is no longer than what somebody reads', () => {
  const lines = readFileSync(join(root, 'README.md'), 'utf8').split('\n').length;
  assert.ok(lines <= 350, `${lines} lines`);
});

test("the library's example in the README runs as written, and stores what it says", async (t) => {
  const [, example] = /```js\n([\s\S]+?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  assert.ok(example !== undefined);
  const server = await serveInThread();
  t.after(() => server.close());
  const cwd = scratch(t);
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(root, join(cwd, 'node_modules', 'sluice'));
  writeFileSync(join(cwd, 'example.mjs'), example.replaceAll('localhost:8001', `localhost:${server.port}`));
  const { stdout } = await promisify(execFile)(process.execPath, ['example.mjs'], { cwd });
  assert.match(stdout, /^br\.gif: \d+ bytes$/m);
  assert.match(stdout, /xx\.gif: not_found, HTTP_STATUS: check the URL$/m);
  assert.match(stdout, /^3 stored, 1 not found$/m);
  assert.deepEqual(filesBelow(join(cwd, 'flags')), ['br.gif', 'de.gif', 'in.gif']);
});
