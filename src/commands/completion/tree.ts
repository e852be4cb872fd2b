/** What the shells are told: commands, their options, and what those take. */
import type { Flag } from '../../options/flags.js';
import { COMMANDS } from '../all.js';

/** What can come in a place: files, folders, one of these words, a value that nobody can guess, or nothing. */
export type Taken = 'files' | 'folders' | 'value' | 'nothing' | readonly string[];

export interface FlagNode {
  /** Without dashes. */
  readonly short: string | undefined;
  readonly long: string;
  readonly help: string;
  readonly takes: Taken;
  /** Whether it can do without its value. */
  readonly isOptional: boolean;
  readonly mayRepeat: boolean;
}

export interface Node {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly FlagNode[];
  readonly argument: Taken;
}

const HELP: Flag = { flag: '-h, --help', help: 'print this' };

export function completionTree(): readonly Node[] {
  return COMMANDS.map(({ name, summary, argument, flags }) => ({
    name,
    help: summary,
    flags: [...flags.filter(({ hidden }) => hidden !== true), HELP].map(nodeOf),
    argument: argument === undefined ? 'nothing' : argumentOf(argument.usage, argument.help),
  }));
}

function nodeOf({ flag, help, choices, read }: Flag): FlagNode {
  const [, short] = /^-(\w)\b/.exec(flag) ?? [];
  const [, long = '', , value] = /--([\w-]+)( ?[<[](.+)[>\]])?/.exec(flag) ?? [];
  const mayRepeat = read !== undefined && /may be repeated/.test(help);
  return {
    short,
    long,
    help: help.replaceAll(/\s+/g, ' '),
    takes: value === undefined ? 'nothing' : (choices ?? valuesOf(value)),
    isOptional: flag.includes('['),
    mayRepeat,
  };
}

function valuesOf(value: string): Taken {
  if (value === 'FILE') return 'files';
  if (value === 'DIR') return 'folders';
  // `N|auto`
  const words = value.split('|').filter((word) => /^[a-z]+$/.test(word));
  return value.includes('|') && words.length > 0 ? words : 'value';
}

function argumentOf(usage: string, help: string): Taken {
  if (usage.includes('DIR')) return 'folders';
  return usage === '<SHELL>' ? help.split(/, | or /) : 'value';
}
