/** The program: arguments to commands, errors to exit status. What a command needs is loaded when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { printable } from './shared/printable.js';
import { Ending, isInterruption } from './terminal/exit.js';
import { exitStatus, INTERNAL, SOME_FAILED, USAGE } from './terminal/exit-status.js';
import { SluiceError, UsageError } from './errors.js';
import { ENCODINGS } from './bench/report.js';
import type { BenchArguments } from './commands/bench/bench.js';
import type { FlagsArguments } from './commands/flags/flags.js';
import type { GetArguments } from './commands/get/get.js';
import type { RetryArguments } from './commands/retry/retry.js';
import type { ServeArguments } from './commands/serve/serve.js';
import type { StatusArguments } from './commands/status/status.js';
import type { VerifyArguments } from './commands/verify/verify.js';
import { EXECUTORS, IMAGE_CHECKS, LAYOUTS } from './options/resolve.js';
import { guardAgainstStandstill, unguard } from './shared/standstill.js';
import { version } from './version.js';
import { Output } from './terminal/output.js';

/** Milliseconds for which a reader of the output may take nothing, such as one who reads it page by page, at the end. */
const PATIENCE = { ended: 60_000, interrupted: 1_000 };

function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text.trim())) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

function someNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('Give a number.');
  return value;
}

function workers(text: string): number | 'auto' {
  return text === 'auto' ? text : wholeNumber(text);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function executorOption(): Option {
  return new Option('--executor <name>', 'what decodes and stores').choices(EXECUTORS).default('pool');
}

function stateOption(): Option {
  return new Option('--state <DIR>', 'folder for the journal, if it is not to be in the destination');
}

/** What all commands take that download from any server. */
function addDownloadOptions(command: Command): Command {
  return command
    .option('-m, --max-requests <N>', 'requests at once', wholeNumber, 16)
    .option('--max-requests-per-host <N>', 'requests to one server at once (default: no other bound)', wholeNumber)
    .option('-q, --quiet', 'print nothing but what stops the run')
    .option('-v, --verbose', 'print a line for each item')
    .addOption(executorOption())
    .option('--workers <auto|N>', 'threads that store', workers, 'auto')
    .option('--memory <SIZE>', 'bytes fetched and not yet stored, at the most', '256MiB')
    .option('--shard-size <SIZE>', 'bytes of a shard of the layout tar', '128MiB')
    .addOption(new Option('--image-check <how>', 'prove that images are whole').choices(IMAGE_CHECKS).default('none'))
    .option('--max-body-size <SIZE>', 'bytes of one file, at the most', '1TiB')
    .option(
      '--timeout <SECONDS>',
      'to connect, to wait for an answer, and between two pieces of a body',
      someNumber,
      60,
    )
    .option('--max-time <SECONDS>', 'for each item, over all its tries', someNumber, 86_400)
    .option('--lowest-speed <SIZE>', 'bytes a second of a body; slower for --timeout seconds is tried again', '100')
    .option('--tries <N>', 'tries for each item', wholeNumber, 5)
    .option('--strict', 'a body that ends with the connection, so that it may be cut, is an error')
    .option('--header <LINE>', "a header for every request: 'Name: value'; may be repeated", collect)
    .addOption(stateOption())
    .option('--durable', 'sync each file and the journal before the file counts as stored')
    .option('--report <FILE>', 'write the summary as JSON; - is standard output');
}

function createProgram(finish: (status: number) => void): Command {
  const program = new Command('sluice')
    .description('Bulk downloads to slow storage: the network never waits for the disk, and nothing is lost.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (message, write) => write(message.replace(/^error:/, '*** Usage error:')) });

  const get = program
    .command('get')
    .description('download URLs from arguments and lists')
    .argument('[URL...]', 'http(s) URLs')
    .option(
      '-i, --input-file <FILE>',
      'a list: a URL on each line, after a tab its file name; - is standard input; may be repeated',
      collect,
    )
    .option('-d, --directory <DIR>', 'destination', 'downloads')
    .addOption(new Option('--layout <name>', 'where files go').choices(LAYOUTS).default('flat'))
    .option('--overwrite', 'replace files that are there')
    .option('--no-journal', 'do not write down what is done: the run cannot be resumed');
  addDownloadOptions(get).action(async (urls: string[], options: Omit<GetArguments, 'urls'>) => {
    const { get: run } = await import('./commands/get/get.js');
    finish(await run({ ...options, urls }));
  });

  program
    .command('status')
    .description('tell what is stored, what failed and why')
    .argument('<DIR>', 'destination of runs')
    .option('--json', 'as JSON')
    .option('-v, --verbose', 'tell of all that failed, not of the first ten')
    .addOption(stateOption())
    .action(async (directory: string, options: Omit<StatusArguments, 'directory'>) => {
      const { status } = await import('./commands/status/status.js');
      finish(await status({ ...options, directory }));
    });

  const retry = program
    .command('retry')
    .description('try again what failed or was not finished')
    .argument('<DIR>', 'destination of runs')
    .addOption(new Option('--layout <name>', 'of which runs (default: that of the last one)').choices(LAYOUTS));
  addDownloadOptions(retry).action(async (directory: string, options: Omit<RetryArguments, 'directory'>) => {
    const { retry: run } = await import('./commands/retry/retry.js');
    finish(await run({ ...options, directory }));
  });

  const verify = program
    .command('verify')
    .description('check all that is stored against the journal, by size and checksum')
    .argument('<DIR>', 'destination of runs')
    .option('--repair', 'fetch again what is wrong');
  addDownloadOptions(verify).action(async (directory: string, options: Omit<VerifyArguments, 'directory'>) => {
    const { verify: run } = await import('./commands/verify/verify.js');
    finish(await run({ ...options, directory }));
  });

  program
    .command('flags')
    .description('download the flags of countries, as the flags2 scripts of Fluent Python do')
    .argument('[CC...]', 'country codes: two letters, or one for all that begin with it; default: the 20 most populous')
    .option('-a, --all', 'all 194 codes that have a flag (AD to ZW)')
    .option('-e, --every', 'every possible code (AA...ZZ)')
    .option('-l, --limit <N>', 'limit to the first N codes', wholeNumber)
    .option('-m, --max_req <N>', 'requests at once, at most 1000 (default: 5)', wholeNumber)
    .addOption(new Option('--max-req <N>').argParser(wholeNumber).hideHelp())
    .option('-s, --server <LABEL>', 'server to hit: REMOTE, LOCAL, DELAY or ERROR', 'LOCAL')
    .option('-v, --verbose', 'print a line for each code')
    .option('-d, --directory <DIR>', 'destination', 'downloads')
    .option('--base-url <URL>', 'where the flags lie, instead of the place that the label stands for')
    .addOption(executorOption())
    .option('--report <FILE>', 'write the summary as JSON')
    .action(async (codes: string[], options: Omit<FlagsArguments, 'codes'> & { max_req?: number }) => {
      const { flags } = await import('./commands/flags/flags.js');
      const maxReq = options.maxReq ?? options.max_req;
      finish(await flags({ ...options, codes, ...(maxReq !== undefined && { maxReq }) }));
    });

  program
    .command('serve')
    .description('run the LOCAL, DELAY and ERROR servers of the flags examples until interrupted')
    .option('--ports <LOCAL,DELAY,ERROR>', 'their ports', '8001,8002,8003')
    .option('--delay <SECONDS>', 'how long DELAY and ERROR delay an answer', someNumber, 0.5)
    .option('--error-rate <SHARE>', 'share of requests that ERROR fails, 0 to 1', someNumber, 0.25)
    .option('--delay-rate <SHARE>', 'share of requests that ERROR delays, 0 to 1', someNumber, 0.5)
    .option('--seed <N>', 'makes the random choices the same in each run', wholeNumber)
    .action(async (options: ServeArguments) => {
      const { serve } = await import('./commands/serve/serve.js');
      finish(await serve(options));
    });

  program
    .command('bench')
    .description('measure what handing the writes to an executor gains on a storage')
    .option('-d, --directory <DIR>', 'the storage: a folder on it; what is stored there is removed', 'downloads')
    .option('--strategies <NAMES>', 'of sequential, inline, libuv, threads and pool (default: all)')
    .option('--rounds <N>', 'how often each strategy runs, 3 or more', wholeNumber, 5)
    .option('--seconds <S>', 'that each run is to take: slow strategies get fewer files', someNumber, 2)
    .option('--files <N>', 'files of each run, however long it takes (default: what --seconds allow)', wholeNumber)
    .option('--url-list <FILE>', 'download these URLs, not those of the embedded server')
    .option('--body-size <SIZE>', 'of the embedded server: flags, a size, or LEAST..MOST (default: flags)')
    .addOption(new Option('--content-encoding <name>', 'in which it sends bodies').choices(ENCODINGS))
    .option('--latency <MS>', 'milliseconds until it answers (default: 0)', someNumber)
    .option('--error-rate <SHARE>', 'share of requests that it fails, 0 to 1 (default: 0)', someNumber)
    .option('--bandwidth <SIZE>', 'bytes a second that it sends (default: no bound)')
    .option('--seed <N>', 'makes its random choices others', wholeNumber)
    .option('-m, --max-requests <N>', 'requests at once', wholeNumber, 16)
    .option('--workers <auto|N>', 'threads that store', workers, 'auto')
    .option('--memory <SIZE>', 'bytes fetched and not yet stored, at the most', '256MiB')
    .addOption(
      new Option('--layout <name>', 'where files go; the advice tries the others')
        .choices(['flat', 'hashed'])
        .default('flat'),
    )
    .addOption(new Option('--image-check <how>', 'prove that images are whole').choices(IMAGE_CHECKS).default('none'))
    .option('--simulate-latency <META,WRITE>', 'milliseconds that the store waits for each name and each write')
    .option('--advice <SECONDS>', 'look for the best setting for so long; 0 not to', someNumber, 60)
    .option('--flags', "the book's figures instead: 20 flags and 600 requests, one after the other and at once")
    .option('--json <FILE>', 'write the report as JSON')
    .option('--html <FILE>', 'write the report as a page')
    .action(async (options: BenchArguments) => {
      const { bench } = await import('./commands/bench/bench.js');
      finish(await bench(options));
    });

  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

/** @returns the exit status */
async function main(argv: readonly string[]): Promise<number> {
  let status = 0;
  const program = createProgram((value) => {
    status = value;
  });
  try {
    await program.parseAsync([...argv]);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return reportCommander(error, program, argv);
    return report(error, program, argv);
  }
}

function reportCommander(error: CommanderError, program: Command, argv: readonly string[]): number {
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') return USAGE;
  process.stderr.write(usage(program, argv));
  return USAGE;
}

/** No stack trace reaches a user, unless it is a fault of the program: then it is what a report needs. */
function report(error: unknown, program: Command, argv: readonly string[]): number {
  if (error instanceof UsageError) {
    process.stderr.write(`*** Usage error: ${printable(error.message, 1000)}: ${error.hint}\n${usage(program, argv)}`);
  } else if (error instanceof SluiceError) {
    const what = error.code === 'ABORTED' ? 'Interrupted' : `Error: ${printable(error.message, 1000)}: ${error.hint}`;
    process.stderr.write(`*** ${what}\n`);
  } else {
    process.stderr.write(`*** This is a fault of sluice; please report it with these lines:\n`);
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  return exitStatus(error);
}

function usage(program: Command, argv: readonly string[]): string {
  const command = program.commands.find((candidate) => argv[2] === candidate.name()) ?? program;
  return `Usage: ${command.createHelp().commandUsage(command)}\nTry: ${command === program ? 'sluice' : `sluice ${command.name()}`} --help\n`;
}

/** Turns that what has come to a standstill gets to end in order, as a download does. */
const LAST_TURNS = 2;

/** @returns what to call for a command that would end by a standstill */
function standStill(): () => void {
  let turns = 0;
  return () => {
    turns += 1;
    if (turns <= LAST_TURNS) {
      setImmediate(() => undefined);
      return;
    }
    process.stderr.write('*** The command came to a standstill. This is a fault of sluice; please report it.\n');
    process.exit(INTERNAL);
  };
}

/** Runs a command line, and ends the process. */
export async function run(argv: readonly string[]): Promise<void> {
  const output = new Output();
  const ending = new Ending();
  const guard = standStill();
  guardAgainstStandstill(guard);
  const status = await flushed(output, await main(argv));
  unguard(guard);
  await ending.end(status);
}

/** @returns the status, which tells whether all that the command had to tell has reached its reader */
async function flushed(output: Output, status: number): Promise<number> {
  const loss = await output.flush(isInterruption(status) ? PATIENCE.interrupted : PATIENCE.ended);
  if (loss === undefined) return status;
  if (loss.stream === process.stdout) {
    process.stderr.write(
      `*** Error: standard output is not whole: ${printable(loss.why)}: write it to another place\n`,
    );
  }
  return status === 0 ? SOME_FAILED : status;
}
