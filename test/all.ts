/**
 * `npm run test:built`: the compiled tests of every room, but for the long ones. A process for each file costs a third of
 * the time, so those of a room whose tests change nothing of their process share some, and with them the process that runs
 * their command lines and the code that is warm by then.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;
/** Rooms whose files share processes, one file after the other in each of so many: the longest first. */
const SHARING: Readonly<Record<string, number>> = {
  terminal: 2,
  commands: 4,
  destination: 2,
  executor: 2,
  pipeline: 3,
  workers: 2,
  server: 1,
  plan: 1,
  lists: 1,
  journal: 1,
  shared: 1,
  schedule: 1,
  options: 1,
  verdict: 1,
  bench: 1,
  comparison: 1,
};
/** Processes at once: more than processors, for many of them wait for servers and clocks; with twice as many it took longer. */
const AT_ONCE = 4;

function testsIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => (name.endsWith('.test.js') ? [join(folder, name)] : []));
}

/**
 * Whether a file needs a process of its own: Node 22 leaves its mocked timers to whoever imports `timers/promises` while
 * they are there, and for these no time passes any more.
 */
function mocksTimers(file: string): boolean {
  return readFileSync(file, 'utf8').includes('.mock.timers');
}

/** Files that load all of a room, each a part of it. */
function shared([room, processes]: readonly [string, number], place: number): string[] {
  const folder = join(HERE, 'all');
  mkdirSync(folder, { recursive: true });
  const parts = Array.from({ length: processes }, (): string[] => []);
  const files = testsIn(join(HERE, room)).filter((file) => !mocksTimers(file));
  for (const [n, file] of files.entries()) parts[n % processes]?.push(file);
  return parts.map((part, n) => {
    // Node runs files in the order of their names.
    const path = join(folder, `${String(place).padStart(2, '0')}-${room}-${n + 1}.js`);
    writeFileSync(path, part.map((file) => `await import(${JSON.stringify(file)});\n`).join(''));
    return path;
  });
}

const rooms = readdirSync(HERE, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const alone = rooms.flatMap((room) => {
  const tests = testsIn(join(HERE, room));
  return room in SHARING ? tests.filter(mocksTimers) : tests;
});
const files = [...Object.entries(SHARING).flatMap(shared), ...alone, ...testsIn(HERE)];
const flags = ['--test', '--test-reporter=spec', `--test-concurrency=${AT_ONCE}`];
const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
