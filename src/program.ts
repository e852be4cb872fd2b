/** The program: arguments to commands, errors to exit status. What a command needs is loaded when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { COMMANDS, DESCRIPTION } from './commands/all.js';
import type { Command as Described } from './commands/command.js';
import type * as Help from './commands/manual/help.js';
import { takenBy } from './commands/taken-by.js';
import type { Flag, Values } from './options/flags.js';
import { UnusableText } from './options/kinds.js';
import { chooseColor } from './terminal/color.js';
import { describeError } from './terminal/error.js';
import { exitStatus, USAGE } from './terminal/exit-status.js';
import { runProcess } from './terminal/process.js';
import { isUrlLike } from './shared/host-like.js';
import { printable } from './shared/printable.js';
import { version } from './shared/version.js';

/**
 * @param argv only the commands that it names get their options
 * @param help what it takes to tell of commands, where that is asked for
 */
function createProgram(argv: readonly string[], finish: (status: number) => void, help?: typeof Help): Command {
  const program = new Command('sluice')
    .description(DESCRIPTION)
    .version(version, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      outputError: (message, write) => write(withHint(message).replace(/^error:/, '*** Usage error:')),
    });
  for (const described of COMMANDS) {
    const { name, summary, argument, run } = described;
    const command = program.command(name).description(summary).copyInheritedSettings(program);
    if (argument !== undefined) command.argument(argument.usage, argument.help);
    if (help !== undefined || argv.includes(name)) addOptions(command, described, help);
    command.action(async (...given: unknown[]) => {
      const [of, values] = argument === undefined ? [undefined, given[0]] : [given[0], given[1]];
      finish(await run({ ...(values as Values), argument: of }));
    });
  }
  return program;
}

function addOptions(command: Command, described: Described, help: typeof Help | undefined): void {
  if (help === undefined) {
    for (const flag of described.flags) command.addOption(toOption(flag));
    return;
  }
  const manual = help.manualOf(described);
  for (const [heading, flags] of manual.groups) {
    for (const flag of flags) command.addOption(toOption(flag).helpGroup(`${heading}:`));
  }
  command.addHelpOption(new Option('-h, --help', 'print this').helpGroup(`${help.ABOUT}:`));
  command.helpGroup(`${help.groupOfCommand(described.name)}:`);
  command.addHelpText('after', () => help.describeRest(manual, process.stdout.columns || 80));
}

/** An option of another command: that is a better hint than one that is spelled alike. */
function withHint(message: string): string {
  const [, start, option] = /^(error: unknown option '(-.*)')(?:\n|$)/.exec(message) ?? [];
  const hint = option === undefined ? undefined : takenBy(option, COMMANDS);
  return hint === undefined ? message : `${start}: ${hint}\n`;
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
  const help = asksForHelp(argv) ? await import('./commands/manual/help.js') : undefined;
  const finish = (status: number): void => {
    ended = status;
  };
  const program = createProgram(argv, finish, help);
  try {
    await program.parseAsync(spelledOut(argv));
    return ended;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Help that nobody asked for says how the program is used.
      if (error.code !== 'commander.help') process.stderr.write((await hintFor(error, argv)) + usage(program, argv));
      return USAGE;
    }
    process.stderr.write(describeError(error, () => usage(program, argv)));
    return exitStatus(error);
  }
}

/** What was meant, where that can be told. */
async function hintFor({ code, message }: CommanderError, argv: readonly string[]): Promise<string> {
  const [, given = ''] = /'([^']+)'/.exec(message) ?? [];
  if (code === 'commander.unknownCommand' && isUrlLike(given)) {
    return `(Did you mean sluice get ${printable(argv.slice(2).join(' '), 1000)}?)\n`;
  }
  if (code !== 'commander.unknownOption') return '';
  const { whatItIsHere } = await import('./commands/elsewhere.js');
  const here = whatItIsHere(given);
  return here === undefined ? '' : `(${here})\n`;
}

function asksForHelp(argv: readonly string[]): boolean {
  return argv.length <= 2 || argv.some((argument) => ['-h', '--help', 'help'].includes(argument));
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
  chooseColor(argv);
  await runProcess(() => main(argv));
}
