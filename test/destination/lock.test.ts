import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Destination } from '../../src/destination/destination.js';
import { SluiceError, UsageError } from '../../src/errors.js';
import { sluice } from '../helpers/cli.js';
import { filesBelow, subfolder } from '../helpers/folders.js';
import { startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

const CHILD = fileURLToPath(new URL('../helpers/lock-child.js', import.meta.url));
const OWN_NETWORK = ['unshare', ...(process.geteuid?.() === 0 ? [] : ['--map-root-user']), '--net'];
const notLinux = process.platform !== 'linux' && 'names of sockets without a file are Linux’';
const noNetwork =
  process.platform === 'linux' && spawnSync(OWN_NETWORK[0] as string, [...OWN_NETWORK.slice(1), 'true']).status === 0
    ? false
    : 'needs network namespaces';

/** A process that opens destinations, with what it answers in turn. */
class Other {
  readonly process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(t: TestContext, within: readonly string[] = []) {
    const [program, ...args] = [...within, process.execPath, CHILD];
    this.process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface(this.process.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
    t.after(() => this.process.kill('SIGKILL'));
  }

  async open(directory: string): Promise<string> {
    this.process.stdin?.write(`${directory}\n`);
    return (await this.#answers.next()).value as string;
  }

  close(): Promise<string> {
    return this.open('');
  }
}

async function refusal(directory: string): Promise<SluiceError> {
  const opened = await Destination.open(directory).catch((error: unknown) => error);
  assert.ok(opened instanceof SluiceError);
  assert.equal(opened.code, 'STORE_BUSY');
  return opened;
}

describe('a destination that another run has', () => {
  test('is refused with who has it, nothing is touched, and it is had when that has ended', async (t) => {
    const directory = scratch(t);
    const other = new Other(t);
    assert.equal(await other.open(directory), 'open');
    const before = readdirSync(join(directory, '.sluice'));
    const { message, hint } = await refusal(directory);
    assert.ok(message.includes(`${directory}: process ${other.process.pid} on ${hostname()}, since 20`), message);
    assert.match(hint, /--directory/);
    assert.deepEqual(readdirSync(join(directory, '.sluice')), before);
    await other.close();
    assert.deepEqual(readdirSync(directory), []);
    await (await Destination.open(directory)).close();
  });

  test('is refused within one process too, whatever it is called', async (t) => {
    const directory = scratch(t);
    const destination = await Destination.open(directory);
    await refusal(`${directory}/../${directory.split('/').at(-1)}`);
    await destination.close();
  });

  test('is had at once when that was killed; what it left unfinished goes, what is to be resumed stays', async (t) => {
    const directory = scratch(t);
    const other = new Other(t);
    assert.equal(await other.open(directory), 'open');
    const own = join(directory, '.sluice');
    const leftover = readdirSync(own).find((name) => name.startsWith('unfinished-'));
    mkdirSync(join(own, leftover as string, '1-0'));
    writeFileSync(join(own, leftover as string, '1-0', '7'), 'torn');
    for (const name of ['journal', 'partial', 'run-4711-0123abcd']) writeFileSync(join(own, name), name);
    other.process.kill('SIGKILL');
    await once(other.process, 'exit');
    const destination = await Destination.open(directory);
    assert.deepEqual(filesBelow(own), ['journal', 'partial', 'run']);
    assert.ok(!existsSync(join(own, leftover as string)));
    assert.equal((JSON.parse(readFileSync(join(own, 'run'), 'utf8')) as { pid: number }).pid, process.pid);
    await destination.close();
    assert.deepEqual(filesBelow(own), ['journal', 'partial']);
  });

  test(
    'is waited for where nobody tells who has it, for who is about to end, and not for ever',
    { skip: notLinux },
    async (t) => {
      const directory = scratch(t);
      // As one has it that is ending, of a folder whose number this one got.
      const { dev, ino } = statSync(directory, { bigint: true });
      const ending = createServer().listen({ path: `\0sluice-${dev}-${ino}` });
      await once(ending, 'listening');
      t.after(() => ending.close());
      const { message } = await refusal(directory);
      assert.equal(message, `another run is storing in ${directory}`);
      assert.deepEqual(readdirSync(directory), []);
      const opening = Destination.open(directory);
      await setTimeout(100);
      ending.close();
      await (await opening).close();
    },
  );

  test('never tells of nobody: who is killed while it begins leaves no file that others have to wait for', async (t) => {
    const directory = scratch(t);
    mkdirSync(join(directory, '.sluice'));
    const run = join(directory, '.sluice', 'run');
    const told = new Set<string>();
    const ended = new AbortController();
    const reading = (async () => {
      while (!ended.signal.aborted) {
        try {
          told.add(readFileSync(run, 'utf8').slice(0, 7));
        } catch {
          // It is not there at the moment.
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let n = 0; n < 100; n += 1) await (await Destination.open(directory)).close();
    ended.abort();
    await reading;
    assert.deepEqual([...told], ['{"pid":']);
  });

  test('goes to exactly one of four processes that want it at the same time, again and again', async (t) => {
    const folder = scratch(t);
    const others = Array.from({ length: 4 }, () => new Other(t));
    for (let round = 0; round < 25; round += 1) {
      // Every other time it is not there yet, and every other time a run has died there.
      const directory = join(folder, String(round));
      if (round % 2 === 1) {
        mkdirSync(join(directory, '.sluice'), { recursive: true });
        writeFileSync(join(directory, '.sluice', 'run'), readFileSync(join(folder, 'told')));
      }
      const answers = await Promise.all(others.map((other) => other.open(directory)));
      assert.deepEqual(answers.toSorted(), ['STORE_BUSY', 'STORE_BUSY', 'STORE_BUSY', 'open'], `round ${round}`);
      writeFileSync(join(folder, 'told'), readFileSync(join(directory, '.sluice', 'run')));
      await (others[answers.indexOf('open')] as Other).close();
    }
  });
});

describe('a destination that a run elsewhere has', () => {
  const elsewhere = JSON.stringify({ pid: 1, host: 'elsewhere', space: 'of its own', since: '2026-01-01T00:00:00Z' });

  for (const [what, text] of [
    ['another machine', elsewhere],
    ['nobody knows who', 'torn'],
  ] as const) {
    test(`is refused while ${what} has renewed its file within a minute, and had after that`, async (t) => {
      const directory = scratch(t);
      const run = join(directory, '.sluice', 'run');
      mkdirSync(join(directory, '.sluice'));
      writeFileSync(run, text);
      const { message, hint } = await refusal(directory);
      if (text === elsewhere) assert.match(message, /process 1 on elsewhere, since 2026-01-01T00:00:00Z/);
      assert.match(hint, /for a minute if it is dead/);
      assert.equal(readFileSync(run, 'utf8'), text);
      const old = Date.now() / 1000 - 90;
      utimesSync(run, old, old);
      const destination = await Destination.open(directory);
      await destination.close();
      assert.deepEqual(readdirSync(directory), []);
    });
  }

  test('is left to the run that took this one for dead', async (t) => {
    const directory = scratch(t);
    const destination = await Destination.open(directory);
    const run = join(directory, '.sluice', 'run');
    writeFileSync(`${run}-other`, elsewhere);
    renameSync(`${run}-other`, run);
    await destination.close();
    assert.equal(readFileSync(run, 'utf8'), elsewhere);
  });

  test('is refused to a container with a network of its own', { skip: noNetwork }, async (t) => {
    const directory = scratch(t);
    const destination = await Destination.open(directory);
    const other = new Other(t, OWN_NETWORK);
    assert.equal(await other.open(directory), 'STORE_BUSY');
    await destination.close();
    assert.equal(await other.open(directory), 'open');
  });
});

describe('a folder that was named for a journal', () => {
  /** Two destinations below a folder. */
  const two = (folder: string): Promise<[Destination, Destination]> =>
    Promise.all([Destination.open(join(folder, 'a')), Destination.open(join(folder, 'b'))]);

  test('is one run’s alone, whatever it is called, until that has ended', async (t) => {
    const folder = scratch(t);
    const [first, second] = await two(folder);
    await first.holdState(join(folder, 'new/state'));
    symlinkSync(join(folder, 'new'), join(folder, 'link'));
    for (const name of ['new/state', 'link/state', 'a/../new/state']) {
      await assert.rejects(second.holdState(join(folder, name)), (error) => {
        assert.ok(error instanceof SluiceError);
        assert.equal(error.code, 'STORE_BUSY');
        assert.match(error.message, /^another run has its journal in .*state: process \d+ on /);
        assert.match(error.hint, /name another folder with --state$/);
        return true;
      });
    }
    await first.close();
    await second.holdState(join(folder, 'new/state'));
    assert.deepEqual(readdirSync(join(folder, 'new/state')), ['journal.run']);
    await second.close();
    assert.deepEqual(readdirSync(join(folder, 'new/state')), []);
  });

  test('goes to exactly one of two that want it at the same time, again and again', async (t) => {
    const folder = scratch(t);
    const both = await two(folder);
    for (let round = 0; round < 25; round += 1) {
      const state = join(folder, `state-${round}`);
      const held = await Promise.allSettled(both.map((destination) => destination.holdState(state)));
      assert.deepEqual(held.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'], `round ${round}`);
    }
    await Promise.all(both.map((destination) => destination.close()));
  });

  test('may be the destination or the program’s folder in it, and not that of a run that goes on', async (t) => {
    const folder = scratch(t);
    const [first, second] = await two(folder);
    for (const state of ['a', 'a/.sluice']) {
      await first.holdState(join(folder, state));
      await assert.rejects(second.holdState(join(folder, state)), { code: 'STORE_BUSY' });
    }
    await first.close();
    await second.holdState(join(folder, 'a/.sluice'));
    await refusal(join(folder, 'a'));
    await second.close();
  });

  test('may hold files of others, and what a killed run has left', async (t) => {
    const folder = scratch(t);
    const state = subfolder(folder, 'state');
    writeFileSync(join(state, 'run'), 'mine');
    const told = join(folder, 'a/.sluice/run');
    const killed = await Destination.open(join(folder, 'a'));
    writeFileSync(join(state, 'journal.run'), readFileSync(told));
    await killed.close();
    const destination = await Destination.open(join(folder, 'b'));
    await destination.holdState(state);
    await destination.close();
    assert.deepEqual(readdirSync(state), ['run']);
    assert.equal(readFileSync(join(state, 'run'), 'utf8'), 'mine');
  });

  test('that is a file is a usage error that names the option', async (t) => {
    const folder = scratch(t);
    writeFileSync(join(folder, 'file'), '');
    const destination = await Destination.open(join(folder, 'd'));
    await assert.rejects(destination.holdState(join(folder, 'file')), (error) => {
      return error instanceof UsageError && error.message === `--state ${join(folder, 'file')} is a file`;
    });
    await destination.close();
  });
});

test('commands end with status 4 while another has the folder of their journal, and leave that as it is', async (t) => {
  const cwd = scratch(t);
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  await using server = await startRawServer({
    onRequest: ({ path }) => [
      ...(path === '/a' ? [answered] : []),
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    ],
  });
  const state = ['--state', 'state'];
  assert.equal((await sluice(['get', `${server.origin}/b`, '-d', 'out', ...state], { cwd })).status, 0);
  // One that was begun with the same journal, and is not the same destination for the kernel.
  renameSync(join(cwd, 'out'), join(cwd, 'moved'));
  const first = sluice(['get', `${server.origin}/a`, '-d', 'out', ...state], { cwd });
  while (server.requests.length < 2) await setTimeout(20);
  renameSync(join(cwd, 'out'), join(cwd, 'out-2'));
  renameSync(join(cwd, 'moved'), join(cwd, 'out'));
  const journal = readFileSync(join(cwd, 'state/journal'));
  for (const command of [
    ['get', `${server.origin}/c`, '-d', 'out'],
    ['get', `${server.origin}/c`, '-d', 'third'],
    ['retry', 'out'],
    ['verify', 'out', '--repair'],
  ]) {
    const { status, stderr } = await sluice([...command, ...state], { cwd });
    assert.equal(status, 4, `${command.join(' ')}: ${stderr}`);
    assert.match(
      stderr,
      /^\*\*\* Error: another run has its journal in .*state: process \d+ on .*another folder with --state/m,
    );
  }
  assert.deepEqual(readFileSync(join(cwd, 'state/journal')), journal);
  answer();
  await first;
  assert.equal(server.requests.length, 2);
});

test('a second command ends with status 4 and leaves the first and its report alone', async (t) => {
  const cwd = scratch(t);
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  await using server = await startRawServer({
    onRequest: () => [answered, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  });
  const args = ['get', `${server.origin}/a`, '-d', 'out', '--report', 'report.json'];
  const first = sluice(args, { cwd });
  while (server.requests.length === 0) await setTimeout(20);
  writeFileSync(join(cwd, 'report.json'), 'of the first');
  for (const command of [args, ['flags', 'br', '--base-url', server.origin, '-d', 'out', '--report', 'report.json']]) {
    const { status, stderr } = await sluice(command, { cwd });
    assert.equal(status, 4, stderr);
    assert.match(stderr, /^\*\*\* Error: another run is storing in .*out: process \d+ on .*: wait until it has ended/m);
  }
  assert.equal(readFileSync(join(cwd, 'report.json'), 'utf8'), 'of the first');
  assert.equal(server.requests.length, 1);
  answer();
  assert.equal((await first).status, 0);
  assert.deepEqual(filesBelow(join(cwd, 'out')), ['a']);
  assert.equal((JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as { ok: number }).ok, 1);
});
