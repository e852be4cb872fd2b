/**
 * `npm run test:built`: the compiled tests of every room, but for the long ones. A process for each file costs a third of
 * the time, so those of a room whose tests change nothing of their process share one.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;
/** Rooms whose files are run in one process, one after the other. */
const SHARING = ['plan', 'lists', 'schedule', 'workers', 'journal', 'shared', 'options', 'verdict'];
/** Processes at once: more than processors, for many of them wait for servers and clocks. */
const AT_ONCE = 6;

function testsIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => (name.endsWith('.test.js') ? [join(folder, name)] : []));
}

/** One file that loads all of a room. */
function shared(room: string): string {
  const folder = join(HERE, 'all');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${room}.js`);
  const imports = testsIn(join(HERE, room)).map((file) => `await import(${JSON.stringify(file)});\n`);
  writeFileSync(path, imports.join(''));
  return path;
}

const rooms = readdirSync(HERE, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const alone = rooms.filter((room) => !SHARING.includes(room)).flatMap((room) => testsIn(join(HERE, room)));
// The longest first.
const files = [...SHARING.map(shared), ...alone, ...testsIn(HERE)];
const flags = ['--test', '--test-reporter=spec', `--test-concurrency=${AT_ONCE}`];
const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
