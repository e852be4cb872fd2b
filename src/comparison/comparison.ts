/**
 * `npm run bench:peers`: races the built command against what people would use instead. Same list, same server, same
 * storage, in turn, and what was brought is compared with what there was. Tables go to standard output, all else to
 * standard error.
 */
import { writeFileSync } from 'node:fs';
import { Interrupted, interruptible } from '../terminal/interrupt.js';
import { exitStatus, SOME_FAILED } from '../terminal/exit-status.js';
import { SluiceError, UsageError } from '../errors.js';
import { type Choices, HELP, parseChoices } from './choices.js';
import { findPeers, SLUICE, sluices } from './contestants.js';
import { heading } from './machine.js';
import { findTimer } from './measure.js';
import { describeLack, makePlace, remove } from './place.js';
import { race } from './race.js';
import { SCENARIOS, type ScenarioName } from './scenarios.js';
import { type Race, rowsOf, type Run, toMarkdown } from './table.js';

async function main(args: readonly string[]): Promise<number> {
  try {
    const choices = parseChoices(args);
    if (choices.help) {
      process.stdout.write(HELP);
      return 0;
    }
    return await interruptible(({ signal }) => compare(choices, signal));
  } catch (error) {
    say(describeError(error));
    return error instanceof Interrupted ? error.status : exitStatus(error);
  }
}

/** @returns the exit status */
async function compare(choices: Choices, signal: AbortSignal): Promise<number> {
  const date = new Date();
  const peers = findPeers(choices.contestants);
  for (const { name, debian } of peers.missing) say(`${name} is skipped: it is not here; Debian has it in ${debian}`);
  const timer = findTimer();
  if (timer === undefined) say('peaks of memory are not told: GNU time is not here; Debian has it in time');
  const races: (Race & { readonly name: ScenarioName })[] = [];
  const place = makePlace(choices.directory);
  try {
    for (const scenario of choices.scenarios.map((name) => SCENARIOS[name])) {
      const { name } = scenario;
      const files = scenario.bodies === 'small' ? (choices.files ?? scenario.files) : scenario.files;
      const lack =
        scenario.storage === 'slow' && choices.slowDirectory === undefined
          ? 'no slow storage is known: name a folder on it with --slow-dir'
          : describeLack(place, scenario, files);
      if (lack !== undefined) {
        say(`${name} is skipped: ${lack}`);
        continue;
      }
      const contestants = [
        ...sluices(scenario).filter((contestant) => choices.contestants.has(contestant.name)),
        ...peers.found,
      ];
      const onRun = (run: Run): void => say(describeRun(name, run, files, choices.rounds));
      const { rounds, slowDirectory } = choices;
      const run = await race({ scenario, files, rounds, contestants, place, slowDirectory, timer, signal, onRun });
      if (races.length === 0) process.stdout.write(`${heading(peers.versions, date)}\n`);
      process.stdout.write(`\n${toMarkdown(run, SLUICE)}`);
      races.push({ name, ...run });
    }
  } catch (error) {
    // A server that the same Ctrl-C has ended may have complained first.
    signal.throwIfAborted();
    throw error;
  } finally {
    remove(place);
  }
  if (choices.json !== undefined) {
    const scenarios = races.map((run) => ({ ...run, rows: rowsOf(run, SLUICE) }));
    const report = { heading: heading(peers.versions, date).replace(/^#+ /, ''), missing: peers.missing, scenarios };
    writeFileSync(choices.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  const complete = races.every(({ runs, files }) => runs.every(({ right }) => right === files));
  return races.length > 0 && complete ? 0 : SOME_FAILED;
}

function describeRun(name: string, { contestant, round, right, wall }: Run, files: number, rounds: number): string {
  return `${name}, round ${round} of ${rounds}: ${contestant} ${wall.toFixed(2)} s, ${right} of ${files} files right`;
}

function describeError(error: unknown): string {
  if (error instanceof Interrupted) return '*** Interrupted';
  if (error instanceof UsageError) return `*** Usage error: ${error.message}: ${error.hint}`;
  if (error instanceof SluiceError) return `*** Error: ${error.message}: ${error.hint}`;
  return `*** ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
