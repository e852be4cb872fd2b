/** The program: arguments to commands, errors to exit status. What a command needs is loaded when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { command as bench } from './commands/bench/command.js';
import type { Command as Described } from './commands/command.js';
import { command as exported } from './commands/export/command.js';
import { command as flags } from './commands/flags/command.js';
import { command as get } from './commands/get/command.js';
import { command as plan } from './commands/plan/command.js';
import { command as retry } from './commands/retry/command.js';
import { command as serve } from './commands/serve/command.js';
import { command as status } from './commands/status/command.js';
import { command as verify } from './commands/verify/command.js';
import { command as work } from './commands/work/command.js';
import type { Flag, Values } from './options/flags.js';
import { UnusableText } from './options/kinds.js';
import { describeError } from './terminal/error.js';
import { exitStatus, USAGE } from './terminal/exit-status.js';
import { runProcess } from './terminal/process.js';
import { version } from './shared/version.js';

const COMMANDS: readonly Described[] = [get, plan, work, status, exported, retry, verify, flags, serve, bench];

function createProgram(finish: (status: number) => void): Command {
  const program = new Command('sluice')
    .description('Bulk downloads to slow storage: the network never waits for the disk, and nothing is lost.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (message, write) => write(message.replace(/^error:/, '*** Usage error:')) });
  for (const { name, summary, argument, flags: its, run } of COMMANDS) {
    const command = program.command(name).description(summary).copyInheritedSettings(program);
    if (argument !== undefined) command.argument(argument.usage, argument.help);
    for (const flag of its) command.addOption(toOption(flag));
    command.action(async (...given: unknown[]) => {
      const [of, values] = argument === undefined ? [undefined, given[0]] : [given[0], given[1]];
      finish(await run({ ...(values as Values), argument: of }));
    });
  }
  return program;
}

function toOption({ flag, help, read, choices, default: usual, hidden = false }: Flag): Option {
  const option = new Option(flag, help).hideHelp(hidden);
  if (choices !== undefined) option.choices(choices);
  else if (read !== undefined) option.argParser((text, before) => readText(read, text, before));
  return usual === undefined ? option : option.default(usual);
}

function readText(read: NonNullable<Flag['read']>, text: string, before: unknown): unknown {
  try {
    return read(text, before);
  } catch (error) {
    throw error instanceof UnusableText ? new InvalidArgumentError(error.message) : error;
  }
}

/** @returns the exit status */
async function main(argv: readonly string[]): Promise<number> {
  let ended = 0;
  const program = createProgram((value) => {
    ended = value;
  });
  try {
    await program.parseAsync(spelledOut(argv));
    return ended;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Help that nobody asked for says how the program is used.
      if (error.code !== 'commander.help') process.stderr.write(usage(program, argv));
      return USAGE;
    }
    process.stderr.write(describeError(error, () => usage(program, argv)));
    return exitStatus(error);
  }
}

/** wget's `-nc` would be two flags. */
function spelledOut(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((argument, at) => (argument === '-nc' && (end === -1 || at < end) ? '--no-clobber' : argument));
}

function usage(program: Command, argv: readonly string[]): string {
  const command = program.commands.find((candidate) => argv[2] === candidate.name()) ?? program;
  return `Usage: ${command.createHelp().commandUsage(command)}\nTry: ${command === program ? 'sluice' : `sluice ${command.name()}`} --help\n`;
}

/** Runs a command line, and ends the process. */
export async function run(argv: readonly string[]): Promise<void> {
  await runProcess(() => main(argv));
}
