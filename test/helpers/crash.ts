/**
 * Chains of runs that are killed: one is killed at a random point, what it left is examined, and the next one goes on
 * from there, until one ends by itself. What is random follows from the seed, as far as two runs take the same time.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Layout } from '../../src/protocol/settings.js';
import { mulberry32 } from '../../src/server/random.js';
import { CLI } from './cli.js';
import { type Corpus, type CorpusServer, serveCorpus } from './corpus.js';
import { Examiner, type Remains } from './remains.js';

export interface CrashSettings {
  readonly layout: Layout;
  readonly corpus: Corpus;
  /** A folder that is there, for destinations. */
  readonly folder: string;
  /** The same folder for whoever looks at what is in it, where that is another, faster way to it. Default: `folder`. */
  readonly seen?: string;
  /** How many runs are to be killed, at least. */
  readonly kills: number;
  readonly seed: number;
  /** Flags for Node, such as one that makes storage slow. */
  readonly flags?: readonly string[];
  /** Milliseconds in which runs are killed that are killed by the clock. Default: 1,000. */
  readonly span?: number;
  /** Requests after which runs are killed, at the most; those that run together are in vain. Default: 250. */
  readonly requests?: number;
  /** Milliseconds that the server takes for each answer. Default: none. */
  readonly latency?: number;
  /** More arguments of the command. */
  readonly args?: readonly string[];
  /** Told of each destination in which a chain has ended well, before that is removed. */
  readonly onEnd?: (directory: string) => void;
}

/** What was done and seen. */
export interface CrashCounts {
  chains: number;
  kills: number;
  /** Runs that went on from what a killed one had left. */
  resumes: number;
  requests: number;
  /** Requests for what an earlier run had asked for, and not stored. */
  again: number;
  /** Items that were whole in a shard that was not sealed, and were not asked for again. */
  kept: number;
  /** Files and shards with final names that were read and compared. */
  files: number;
  /** Journals whose end was torn. */
  torn: number;
  /** Files with a final name of which the journal did not say so. */
  unwritten: number;
}

/** When a run is to be killed. */
type Moment =
  | { readonly by: 'clock'; readonly after: number }
  /** Milliseconds after so many requests. */
  | { readonly by: 'requests'; readonly requests: number; readonly after: number }
  | SystemCall;

/** The call that is the run's last one. */
export interface SystemCall {
  readonly by: 'call';
  readonly call: string;
  /** From 1, in whichever thread is the first to make so many of them. */
  readonly count: number;
  /** What is counted: all, or those from when the first requests are made, of threads that are there and of new ones. */
  readonly since: 'start' | 'requests';
}

const none: Remains = {
  there: new Set(),
  kept: new Set(),
  paths: [],
  own: [],
  written: { stored: new Map(), end: undefined, torn: 0 },
};

/**
 * @param onChain told of each chain that ended well
 * @throws AssertionError for anything that a run that was killed, or one that went on, did wrong
 */
export async function crash(settings: CrashSettings, onChain?: (counts: CrashCounts) => void): Promise<CrashCounts> {
  const counts = newCounts();
  await using server = await serveCorpus(settings.corpus);
  server.latency = settings.latency ?? 0;
  const clean = await cleanRun(settings, server);
  while (counts.kills < settings.kills) {
    const chain = new Chain(settings, server, counts);
    try {
      await chain.run(clean);
    } catch (error) {
      const where = `seed ${settings.seed}, layout ${settings.layout}, chain ${chain.number}, run ${chain.runs}`;
      throw new Error(`${where}, ${JSON.stringify(chain.moment)}: ${(error as Error).message}`, { cause: error });
    }
    counts.chains += 1;
    onChain?.(counts);
  }
  return counts;
}

/**
 * Kills a run at a system call, examines what it left, and goes on to the end.
 *
 * @returns undefined when the run had ended before so many calls
 * @throws AssertionError as {@link crash} does
 */
export async function crashAt(
  settings: CrashSettings,
  server: CorpusServer,
  call: SystemCall,
): Promise<CrashCounts | undefined> {
  const counts = newCounts();
  const chain = new Chain(settings, server, counts);
  try {
    return (await chain.runTwice(call)) ? counts : undefined;
  } catch (error) {
    throw new Error(`${settings.layout}, ${JSON.stringify(call)}: ${(error as Error).message}`, { cause: error });
  }
}

function newCounts(): CrashCounts {
  return { chains: 0, kills: 0, resumes: 0, requests: 0, again: 0, kept: 0, files: 0, torn: 0, unwritten: 0 };
}

/** @returns paths that one run leaves to which nothing happens */
async function cleanRun(settings: CrashSettings, server: CorpusServer): Promise<readonly string[]> {
  const chain = new Chain(settings, server, newCounts(), 'clean');
  return chain.runToEnd();
}

class Chain {
  readonly number: number;
  /** Runs so far. */
  runs = 0;
  moment: Moment | undefined;
  readonly #settings: CrashSettings;
  readonly #server: CorpusServer;
  readonly #counts: CrashCounts;
  readonly #random: () => number;
  readonly #list: string;
  readonly #name: string;
  readonly #examiner: Examiner;
  readonly #asked = new Set<string>();

  constructor(settings: CrashSettings, server: CorpusServer, counts: CrashCounts, kind: 'clean' | 'killed' = 'killed') {
    const { folder, seen = folder, layout, corpus, seed } = settings;
    this.#settings = settings;
    this.#server = server;
    this.#counts = counts;
    this.number = counts.chains;
    this.#random = mulberry32((seed + 7_919 * this.number) >>> 0);
    this.#name = `${kind}-${layout}-${seed}-${this.number}`;
    this.#list = join(seen, `${this.#name}.txt`);
    writeFileSync(this.#list, corpus.list(server.origin));
    mkdirSync(join(seen, this.#name));
    this.#examiner = new Examiner(join(seen, this.#name), layout, corpus);
  }

  async run(clean: readonly string[]): Promise<void> {
    const { corpus, layout } = this.#settings;
    let before = none;
    for (;;) {
      this.moment = this.#choose(corpus.count - before.there.size);
      const end = await this.#start(this.moment);
      this.#account(before);
      const after = await this.#examiner.examine();
      for (const name of before.there) assert.ok(after.there.has(name), `${name} is gone`);
      if (end !== 'killed') {
        this.#assertClean(after);
        break;
      }
      this.#countKill(after);
      before = after;
    }
    const paths = await this.runToEnd();
    // How many items are in a shard is a matter of when they came.
    if (layout !== 'tar') assert.deepEqual(paths, clean);
    this.#counts.files += this.#examiner.read;
  }

  /** @returns whether the run was killed by it */
  async runTwice(call: SystemCall): Promise<boolean> {
    const end = await this.#start(call);
    this.#account(none);
    const after = await this.#examiner.examine();
    if (end === 'killed') this.#countKill(after);
    else this.#assertClean(after);
    await this.runToEnd();
    this.#counts.files += this.#examiner.read;
    return end === 'killed';
  }

  #countKill({ there, written }: Remains): void {
    this.#counts.kills += 1;
    if (written.torn > 0) this.#counts.torn += 1;
    this.#counts.unwritten += there.size - written.stored.size;
  }

  /** Runs without a kill, and removes everything. */
  async runToEnd(): Promise<readonly string[]> {
    const before = await this.#examiner.examine();
    this.moment = undefined;
    assert.equal(await this.#start(undefined), 'ended');
    this.#account(before);
    const after = await this.#examiner.examine();
    this.#assertClean(after);
    const { folder, seen = folder, onEnd } = this.#settings;
    onEnd?.(join(seen, this.#name));
    rmSync(join(seen, this.#name), { recursive: true });
    rmSync(this.#list);
    return after.paths;
  }

  #choose(left: number): Moment {
    const random = this.#random;
    const { span = 1_000, requests: most = 250 } = this.#settings;
    const way = random();
    if (way < 0.2) return { by: 'clock', after: Math.floor(random() * span) };
    const after = random() < 0.5 ? 0 : Math.floor(random() * 60);
    // What comes after the last request: shards are sealed, the journal is ended.
    const requests = way < 0.35 ? left : 1 + Math.floor(random() * most);
    return { by: 'requests', requests, after };
  }

  async #start(moment: Moment | undefined): Promise<'killed' | 'ended'> {
    const { layout, folder, flags = [], args = [] } = this.#settings;
    const server = this.#server;
    this.runs += 1;
    if (this.runs > 1) this.#counts.resumes += 1;
    server.run = `${this.#name} ${this.runs}`;
    const get = ['get', '-q', '-i', this.#list, '-d', join(folder, this.#name), '-m', '32', '--layout', layout];
    const run = [
      process.execPath,
      ...flags,
      CLI,
      ...get,
      '--shard-size',
      '1MiB',
      ...args,
      '--header',
      `x-run: ${server.run}`,
    ];
    const isCall = moment?.by === 'call';
    const [program = '', ...rest] = isCall && moment.since === 'start' ? [...killingAt(moment, '-qq'), ...run] : run;
    // Calls are counted by thread: libuv is to have one, so that all of its calls have their turn.
    const env = isCall ? { ...process.env, UV_THREADPOOL_SIZE: '1' } : process.env;
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'], env });
    const kill = (): unknown => child.kill('SIGKILL');
    server.asked.length = 0;
    if (moment?.by === 'clock') void sleep(moment.after).then(kill);
    server.onRequest = () => {
      if (moment?.by === 'requests' && server.asked.length === moment.requests) {
        if (moment.after === 0) kill();
        else void sleep(moment.after).then(kill);
      }
      if (isCall && moment.since === 'requests' && server.asked.length === 1) server.ready = attach(child, moment);
    };
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...ending) => resolve(ending));
    });
    server.onRequest = () => undefined;
    assert.equal(stderr, '');
    if (signal === 'SIGKILL') return 'killed';
    assert.equal(status, 0);
    return 'ended';
  }

  /** @param before what was there when the run began, of which it may ask for nothing */
  #account(before: Remains): void {
    const { asked } = this.#server;
    const inRun = new Set<string>();
    for (const name of asked) {
      assert.ok(!before.there.has(name), `${name} was there, and was asked for again`);
      assert.ok(!before.kept.has(name), `${name} was whole in a shard, and was asked for again`);
      assert.ok(!inRun.has(name), `${name} was asked for twice in a run`);
      inRun.add(name);
      if (this.#asked.has(name)) this.#counts.again += 1;
      this.#asked.add(name);
    }
    this.#counts.requests += asked.length;
    this.#counts.kept += before.kept.size;
  }

  #assertClean({ there, own, written }: Remains): void {
    for (const name of this.#settings.corpus.names()) {
      assert.ok(there.has(name), `${name} is missing`);
      assert.ok(written.stored.has(name), `${name} is there, and the journal does not know`);
    }
    assert.equal(there.size, this.#settings.corpus.count);
    assert.deepEqual(own.toSorted(), ['.sluice', join('.sluice', 'journal')]);
    assert.equal(written.end?.complete, true);
    assert.equal(written.torn, 0);
  }
}

/** The command that runs another one up to a system call. */
function killingAt({ call, count }: SystemCall, ...options: readonly string[]): [string, ...string[]] {
  const inject = `inject=${call}:signal=SIGKILL:when=${count}`;
  return ['strace', '-f', ...options, '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject];
}

/** Resolves when the process cannot make the call without being seen. */
async function attach(process: ChildProcess, call: SystemCall): Promise<void> {
  const [program, ...args] = killingAt(call);
  const strace = spawn(program, [...args, '-p', String(process.pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  // `strace: Process 7 attached with 9 threads`
  await once(strace.stderr, 'data');
  strace.stderr.resume();
}
