/** Holds the shape of the house: which way imports run, and who may import what. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Rooms from the top floor down. A file may import from its own room and from the floors below. */
const FLOORS: readonly (readonly RegExp[])[] = [
  [/^src\/cli\.cts$/, /^src\/require\.cts$/],
  [/^src\/program\.ts$/, /^src\/index\.ts$/],
  [/^src\/commands\//],
  [/^src\/bench\//, /^src\/comparison\//],
  [/^src\/fleet\//],
  [/^src\/page\//],
  [/^src\/pipeline\//, /^src\/results\//, /^src\/terminal\//],
  [/^src\/verdict\//, /^src\/destination\//, /^src\/schedule\//],
  [/^src\/executor\//],
  [/^src\/fetch\//, /^src\/journal\//, /^src\/server\//],
  [/^src\/plan\//, /^src\/options\//, /^workers\//],
  [/^src\/lists\//, /^src\/protocol\//, /^src\/flags\//, /^src\/charts\//],
  [/^src\/shared\//],
  [/^src\/item\.ts$/, /^src\/body\.ts$/, /^src\/outcome\.ts$/],
  [/^src\/errors\.ts$/, /^src\/compile-cache\.cts$/, /^src\/libuv-threads\.cts$/],
];

const ONE_IMPORTER: Readonly<Record<string, string>> = {
  piscina: 'src/executor/workers.ts',
  undici: 'src/fetch/client.ts',
  commander: 'src/program.ts',
  ora: 'src/terminal/progress.ts',
  sharp: 'workers/steps/pixels.ts',
  'hyparquet-writer': 'src/results/table/parquet.ts',
  saxes: 'src/lists/xml.ts',
  fzstd: 'src/shared/zstd.ts',
  'tough-cookie': 'src/fetch/cookies.ts',
  'hyparquet-compressors': 'src/lists/pages.ts',
  '@nats-io/transport-node': 'src/fleet/queue/connection.ts',
  '@nats-io/jetstream': 'src/fleet/queue/stream.ts',
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = ['src', 'workers'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.c?ts$/.test(name))
    .map((name) => join(folder, name)),
);

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), 'utf8');
  const statements = text.matchAll(/(?:^|\n)(?:import|export)\s+(type\s+)?[^'";]*?\bfrom\s+'([^']+)'/g);
  const dynamic = text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g);
  return [
    ...[...statements].map(([, type, to]) => ({ from, to: resolve(from, to as string), typeOnly: type !== undefined })),
    ...[...dynamic].map(([, to]) => ({ from, to: resolve(from, to as string), typeOnly: false })),
  ];
});

function resolve(from: string, to: string): string {
  return to.startsWith('.') ? relative(root, join(root, dirname(from), to)).replace(/\.(c?)js$/, '.$1ts') : to;
}

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.some((room) => room.test(file)));
}

test('every source file has a room in the house', () => {
  assert.ok(files.length > 30, `only ${files.length} files found`);
  assert.deepEqual(
    files.filter((file) => floorOf(file) === -1),
    [],
  );
});

test('imports run downward or stay in their room, those of types, too', () => {
  assert.ok(imports.length > 100, `only ${imports.length} imports found`);
  const upward = imports.filter(({ from, to }) => /\.c?ts$/.test(to) && floorOf(to) < floorOf(from));
  assert.deepEqual(upward, []);
});

test('rooms of one floor do not import one another in a circle', () => {
  const roomOf = (file: string): string => FLOORS.flat().find((room) => room.test(file))?.source ?? file;
  const pairs = new Set(imports.map(({ from, to }) => `${roomOf(from)} ${roomOf(to)}`));
  const circles = [...pairs].filter((pair) => {
    const [from = '', to = ''] = pair.split(' ');
    return from !== to && pairs.has(`${to} ${from}`);
  });
  assert.deepEqual(circles, []);
});

test('at most ten files of src have no room', () => {
  const loose = files.filter((file) => /^src\/[^/]+$/.test(file));
  assert.ok(loose.length <= 10, loose.join(' '));
});

test('the stages fetch and executor know each other by type only, apart from the entry of the threads', () => {
  const stages = imports.filter(
    ({ from, to, typeOnly }) =>
      !typeOnly &&
      from !== 'src/executor/threads-entry.ts' &&
      ((from.startsWith('src/fetch/') && to.startsWith('src/executor/')) ||
        (from.startsWith('src/executor/') && to.startsWith('src/fetch/'))),
  );
  assert.deepEqual(stages, []);
});

test('no folder is made by the recursive mkdir of Node, which never ends where a file system takes none', () => {
  const uses = files.filter((file) => /\bmkdir(?:Sync)?\([^;]*recursive/.test(readFileSync(join(root, file), 'utf8')));
  assert.deepEqual(uses, []);
});

test("no namespace of Node's modules is imported, in which the bundle would have their default export alone", () => {
  const uses = files.filter((file) => /^import \* as \w+ from 'node:/m.test(readFileSync(join(root, file), 'utf8')));
  assert.deepEqual(uses, []);
});

test('what is found by its place is named from two folders up, which is the same from a bundle', () => {
  const places = files
    .filter((file) => !file.startsWith('src/comparison/'))
    .flatMap((file) => [
      ...readFileSync(join(root, file), 'utf8').matchAll(/new URL\('([^']+)', import\.meta\.url\)/g),
    ]);
  assert.ok(places.length > 5, `only ${places.length} found`);
  assert.deepEqual(
    places.map(([, place]) => place).filter((place) => place?.startsWith('../../') !== true),
    [],
  );
});

test('nobody imports the race of the peers, which the package leaves out', () => {
  const uses = imports.filter(
    ({ from, to }) => to.startsWith('src/comparison/') && !from.startsWith('src/comparison/'),
  );
  assert.deepEqual(uses, []);
});

for (const [library, importer] of Object.entries(ONE_IMPORTER)) {
  test(`${library} has one importer`, () => {
    assert.deepEqual(
      [...new Set(imports.filter(({ to }) => to === library || to.startsWith(`${library}/`)).map(({ from }) => from))],
      [importer],
    );
  });
}

test('the top level holds what was agreed and nothing else', () => {
  const agreed = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package-lock.json', 'package.json', 'src', 'test'];
  const made = new Set(['dist', 'node_modules', 'coverage', 'downloads']);
  const found = readdirSync(root).filter((name) => !name.startsWith('.') && !made.has(name));
  assert.deepEqual(found.sort(), [...agreed, 'tsconfig.json', 'workers'].sort());
});
