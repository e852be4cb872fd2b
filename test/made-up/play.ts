/** Plays a made-up run with the built command, and sees what it does. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI } from '../helpers/cli.js';
import { noInjection, noSmallDisk } from '../helpers/faults.js';
import { Place } from '../helpers/soundness.js';
import { type Ended, runChild } from './child.js';
import { FOREIGN } from './judge/items.js';
import { look } from './look.js';
import type { Known, Observed, ObservedRun, Report } from './observed.js';
import { Origins } from './origins.js';
import type { Abilities, Scenario, Stop } from './scenario.js';
import { argumentsFor, type Paths } from './settings.js';
import { onStorage } from './storage.js';

/** Milliseconds that a run may take: all that its waits and tries may come to, and a machine that is busy. */
const DEADLINE = 90_000;
/** Milliseconds in which connections of a process that has ended are found closed. */
const UNTIL_CLOSED = 2_000;

/** What this machine can do. */
export const ABILITIES: Abilities = { smallDisk: noSmallDisk === false, injection: noInjection === false };

export async function play(scenario: Scenario): Promise<Observed> {
  const undo: (() => void)[] = [];
  try {
    const place = new Place({ after: (step) => undo.push(step) });
    const side = mkdtempSync(join(tmpdir(), 'sluice-made-up-'));
    undo.push(() => rmSync(side, { recursive: true, force: true }));
    await using origins = await Origins.start(scenario);
    return { scenario, runs: await new Player(scenario, origins, place, side).play() };
  } finally {
    for (const step of undo) step();
  }
}

class Player {
  readonly #scenario: Scenario;
  readonly #origins: Origins;
  readonly #place: Place;
  /** For what is not to lie near the destination. */
  readonly #side: string;
  readonly #temporary: string;
  readonly #list: Buffer;
  readonly #paths: Omit<Paths, 'report'>;
  readonly #runs: ObservedRun[] = [];

  constructor(scenario: Scenario, origins: Origins, place: Place, side: string) {
    this.#scenario = scenario;
    this.#origins = origins;
    this.#place = place;
    this.#side = side;
    this.#temporary = join(side, 'temporary');
    mkdirSync(this.#temporary);
    mkdirSync(place.directory);
    const lines = scenario.lines.map((line) =>
      'item' in line ? `${origins.urlOf(line.item)}${line.suffix}` : line.text,
    );
    this.#list = textOf(lines);
    const half = Math.ceil(lines.length / 2);
    const lists = scenario.settings.input === 'two files' ? [lines.slice(0, half), lines.slice(half)] : [lines];
    const files = lists.map((some, number) => {
      const path = join(side, `list${number}.txt`);
      writeFileSync(path, textOf(some));
      return path;
    });
    this.#paths = { directory: 'd', state: join(side, 'state'), lists: files };
    for (const { name, taken } of scenario.items) if (taken) writeFileSync(join(place.directory, name), FOREIGN);
  }

  async play(): Promise<readonly ObservedRun[]> {
    const { stops, storage, onceMore } = this.#scenario;
    const isBad = storage.kind !== 'plain' && storage.kind !== 'slow';
    const all = [...stops, ...(isBad ? [undefined] : []), undefined, ...(onceMore ? [undefined] : [])];
    for (const stop of all) {
      await this.#run(stop);
      if (this.#runs.at(-1)?.ended.late === true) break;
    }
    return this.#runs;
  }

  async #run(stop: Stop | undefined): Promise<void> {
    const { settings, storage } = this.#scenario;
    const report = join(this.#side, `report${this.#runs.length}.json`);
    const askedBefore = new Map(this.#origins.asked);
    this.#origins.log = [];
    const storageApplies = this.#runs.length === 0 || storage.kind === 'slow';
    const { directory } = this.#place;
    const { within, flags, after } = onStorage(storageApplies ? storage : { kind: 'plain' }, directory, this.#side);
    const ended = await runChild(
      [...within, process.execPath, ...flags, CLI, ...argumentsFor(settings, { ...this.#paths, report })] as [string],
      {
        cwd: this.#place.cwd,
        env: this.#environment(),
        input: settings.input === 'standard input' ? this.#list : undefined,
        stop,
        requested: (requests) => this.#requested(requests),
        deadline: DEADLINE,
      },
    );
    after();
    const until = performance.now() + UNTIL_CLOSED;
    while (this.#origins.open > 0 && performance.now() < until) await sleep(5);
    this.#runs.push({
      stop,
      storageApplies,
      ended,
      report: jsonIn(report) as Report | undefined,
      ...(await this.#status()),
      remains: await look(this.#scenario, this.#place.directory, this.#journal),
      log: this.#origins.log,
      askedBefore,
      temporary: readdirSync(this.#temporary),
      outside: this.#outside(),
    });
  }

  get #journal(): string {
    const { settings } = this.#scenario;
    return join(settings.state ? this.#paths.state : join(this.#place.directory, '.sluice'), 'journal');
  }

  #environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !/proxy$|^UV_|^NODE_/i.test(name));
    return { ...Object.fromEntries(own), TMPDIR: this.#temporary };
  }

  #requested(requests: number): Promise<void> {
    return new Promise((resolve) => {
      this.#origins.onRequest = () => {
        if (this.#origins.log.length >= requests) resolve();
      };
    });
  }

  async #status(): Promise<Pick<ObservedRun, 'known' | 'knownStatus'>> {
    const { settings } = this.#scenario;
    if (!settings.journal) return { known: undefined, knownStatus: undefined };
    const state = settings.state ? ['--state', this.#paths.state] : [];
    const child = spawn(process.execPath, [CLI, 'status', '--json', '-v', 'd', ...state], {
      cwd: this.#place.cwd,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    const knownStatus = await new Promise<Ended['status']>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? undefined));
    });
    return { known: text === '' ? undefined : (JSON.parse(text) as Known), knownStatus };
  }

  #outside(): string | undefined {
    try {
      this.#place.assertSurroundings();
    } catch (error) {
      return (error as Error).message.split('\n')[0];
    }
    return undefined;
  }
}

/** One byte for each character. */
function textOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
}

/** Undefined for a file that is empty or not there. */
function jsonIn(path: string): unknown {
  try {
    const text = readFileSync(path, 'utf8');
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
