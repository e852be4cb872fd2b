/** Flags of the command line, and those of them that are options of a download. */
import type { DownloadOptions } from './resolve.js';
import { nameOf, type OptionName, OPTIONS, type Row } from './table.js';

export interface Flag {
  /** `-m, --max-requests <N>`. */
  readonly flag: string;
  readonly help: string;
  /** What a text says; with what was said before, for one that may be repeated. @throws UnusableText */
  readonly read?: ((text: string, before?: unknown) => unknown) | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly default?: unknown;
  /** Not in the help. */
  readonly hidden?: boolean;
}

/** What was given on a command line, by the flags' long names in camel case. */
export type Values = Readonly<Record<string, unknown>>;

/** The flag of an option, perhaps with another help or default. */
export function flagOf(option: OptionName, changes: Partial<Flag> = {}): Flag {
  const { flag = '', help = '', kind, default: usual } = OPTIONS[option] as Row<unknown, unknown, unknown>;
  // A switch is off unless it is given, and one that begins with `no` is on.
  const value = typeof usual === 'boolean' ? {} : { default: usual };
  return { flag, help, read: kind.read, choices: kind.choices, ...value, ...changes };
}

/** Those options of a download that were given. */
export function optionsOf(values: Values): DownloadOptions {
  const given: Record<string, unknown> = {};
  for (const option of Object.keys(OPTIONS) as OptionName[]) {
    const { flag } = OPTIONS[option] as Row<unknown, unknown, unknown>;
    const value = flag === undefined ? undefined : values[camelCase(nameOf(option))];
    if (value !== undefined) given[option] = value;
  }
  // As curl calls it.
  if (values['remoteHeaderName'] === true) given['contentDisposition'] = true;
  // As curl and wget call it.
  if (given['userAgent'] === undefined && values['agent'] !== undefined) given['userAgent'] = values['agent'];
  return given;
}

/** What a flag's value is called: `maxRequests` for `max-requests`. */
function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
