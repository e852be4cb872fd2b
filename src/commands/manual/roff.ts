/** A command's page of the manual, for man. */
import { version } from '../../shared/version.js';
import { COMMANDS, DESCRIPTION } from '../all.js';
import type { Command } from '../command.js';
import { COMMAND_GROUPS, groupOfCommand } from './groups.js';
import { describeFlag, manualOf } from './help.js';

/** By what its page is called: `sluice-get.1`. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([['sluice.1', overview()], ...COMMANDS.map((its) => [`sluice-${its.name}.1`, pageOf(its)] as const)]);
}

function overview(): string {
  const groups = Object.keys(COMMAND_GROUPS).flatMap((heading) => [
    `.SS ${quoted(heading)}`,
    ...COMMANDS.filter(({ name }) => groupOfCommand(name) === heading).flatMap(({ name, summary }) => [
      '.TP',
      `.BR sluice\\-${name} (1)`,
      text(sentence(summary)),
    ]),
  ]);
  return page('sluice', DESCRIPTION.replace(/^B/, 'b').replace(/\.$/, ''), [
    '.SH SYNOPSIS',
    '.B sluice',
    '.I COMMAND',
    '.RI [ OPTION ...]',
    '.SH DESCRIPTION',
    text(DESCRIPTION),
    'Each command has a page of its own, and tells of itself with',
    '.BR \\-\\-help .',
    '.SH COMMANDS',
    ...groups,
  ]);
}

function pageOf(command: Command): string {
  const { name, summary, argument } = command;
  const { examples, groups, units, statuses, environment } = manualOf(command);
  const options = [...groups].flatMap(([heading, flags]) => [
    `.SS ${quoted(heading)}`,
    ...flags.flatMap((flag) => ['.TP', `.B ${text(flag.flag)}`, text(sentence(describeFlag(flag)))]),
  ]);
  return page(`sluice-${name}`, summary, [
    '.SH SYNOPSIS',
    `.B sluice ${name}`,
    '.RI [ OPTION ...]',
    ...(argument === undefined ? [] : [text(argument.usage)]),
    '.SH DESCRIPTION',
    text(sentence(summary)),
    ...(argument === undefined ? [] : ['.PP', `.I ${text(argument.usage)}`, 'is:', text(sentence(argument.help))]),
    ...(options.length === 0 ? [] : ['.SH OPTIONS', ...options]),
    ...section('VALUES', units),
    ...(examples.length === 0 ? [] : ['.SH EXAMPLES']),
    ...examples.flatMap(([line, does]) => ['.TP', `.B ${text(line)}`, text(sentence(does))]),
    ...section('EXIT STATUS', statuses),
    ...section('ENVIRONMENT', environment),
    '.SH SEE ALSO',
    '.BR sluice (1)',
  ]);
}

function page(name: string, what: string, lines: readonly string[]): string {
  const title = `.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "" ${quoted(`sluice ${version}`)} "sluice"`;
  return `${[title, '.SH NAME', `${text(name)} \\- ${text(what)}`, ...lines].join('\n')}\n`;
}

function section(heading: string, rows: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(rows);
  if (entries.length === 0) return [];
  return [`.SH ${quoted(heading)}`, ...entries.flatMap(([key, is]) => ['.TP', `.B ${text(key)}`, text(sentence(is))])];
}

/** A line of text that nothing of is taken for a request, and whose dashes can be copied. */
function text(of: string): string {
  const escaped = of.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq').replaceAll('"', '\\(dq');
  return /^[.]/.test(escaped) ? `\\&${escaped}` : escaped;
}

function quoted(of: string): string {
  return `"${text(of)}"`;
}

function sentence(of: string): string {
  const first = /^[a-z]+(?=[ ,;:.]|$)/.test(of) ? of.charAt(0).toUpperCase() + of.slice(1) : of;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
