/** The command line of the benchmark. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../errors.js';
import { CONTESTANT_NAMES, SLUICE } from './contestants.js';
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from './scenarios.js';

export const HELP = `Usage: npm run bench:peers -- [options]

Races the built command against those of wget2, curl, aria2c and aiohttp that this machine has, and prints tables in
Markdown. Contestants take turns, each run stores into a fresh folder, and every file is compared with its source.

  --scenario NAME,NAME  which of ${SCENARIO_NAMES.join(', ')}; default: all that can run
  --files N             files in each run, but for big; default: ${many()}
  --rounds N            how often each contestant runs; default: 5
  --only NAME,NAME      contestants besides ${SLUICE}: of ${CONTESTANT_NAMES.filter((name) => name !== SLUICE).join(', ')}
  --slow-dir DIR        a folder on slow storage, for the scenario slow
  --dir DIR             where a folder for all else is made; default: in memory where that can be had
  --json FILE           write every run as JSON
  --help                print this

Exit status: 0; 1 if a run brought less than all files, or nothing could run; 2 for a usage error.
`;

export interface Choices {
  readonly help: boolean;
  /** In their order. */
  readonly scenarios: readonly ScenarioName[];
  /** Undefined for each scenario's own number. */
  readonly files: number | undefined;
  readonly rounds: number;
  readonly contestants: ReadonlySet<string>;
  readonly slowDirectory: string | undefined;
  readonly directory: string | undefined;
  readonly json: string | undefined;
}

/** @throws UsageError for what cannot be meant */
export function parseChoices(args: readonly string[]): Choices {
  const values = parse(args);
  const scenarios = names('--scenario', values.scenario, SCENARIO_NAMES);
  const contestants = names('--only', values.only, CONTESTANT_NAMES);
  return {
    help: values.help === true,
    scenarios: SCENARIO_NAMES.filter((name) => scenarios.has(name)),
    files: values.files === undefined ? undefined : wholeNumber('--files', values.files),
    rounds: wholeNumber('--rounds', values.rounds),
    contestants: contestants.add(SLUICE),
    slowDirectory: folder('--slow-dir', values['slow-dir']),
    directory: folder('--dir', values.dir),
    json: file('--json', values.json),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { scenario: text, files: text, only: text, 'slow-dir': text, dir: text, json: text } as const;
  const more = { rounds: { type: 'string', default: '5' }, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options: { ...options, ...more } }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, 'see --help', error);
  }
}

function names<T extends string>(option: string, text: string | undefined, known: readonly T[]): Set<T> {
  if (text === undefined) return new Set(known);
  const given = text.split(',').map((name) => name.trim());
  const unknown = given.find((name) => !known.includes(name as T));
  if (unknown !== undefined) throw new UsageError(`${option} knows no "${unknown}"`, `choose from ${known.join(', ')}`);
  return new Set(given as T[]);
}

function wholeNumber(option: string, text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new UsageError(`${option} ${text} is not possible`, 'give a whole number, 1 or more');
  return value;
}

function folder(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (!isFolder(path)) throw new UsageError(`${option} ${path} is no folder`, 'make it, or mount what belongs there');
  return resolve(path);
}

function file(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (isFolder(path) || !isFolder(dirname(path))) {
    throw new UsageError(`${option} ${path} cannot be written`, 'name a file in a folder that is there');
  }
  return resolve(path);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function many(): string {
  return Object.values(SCENARIOS)
    .filter(({ bodies }) => bodies === 'small')
    .map(({ name, files }) => `${files} for ${name}`)
    .join(', ');
}
