/** What there is to know of a command, from its description, for `--help` and for its page of the manual. */
import type { Flag } from '../../options/flags.js';
import type { Command } from '../command.js';
import { inGroups } from './groups.js';
import { COMMON, ENVIRONMENT, type Example, EXAMPLES, STATUSES, UNITS } from './texts.js';

export { groupOfCommand } from './groups.js';

/** The heading of what tells of the command itself. */
export const ABOUT = 'What is told';
/** Characters of what has a place in the first column. */
const MOST = 20;

export interface Manual {
  readonly examples: readonly Example[];
  /** By heading. */
  readonly groups: ReadonlyMap<string, readonly Flag[]>;
  /** Of values that its flags take. */
  readonly units: Readonly<Record<string, string>>;
  readonly statuses: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

export function manualOf({ name, flags }: Command): Manual {
  const shown = flags.filter(({ hidden }) => hidden !== true);
  const takes = (unit: string): boolean => shown.some(({ flag }) => flag.includes(`<${unit}>`));
  const downloads = shown.some(({ flag }) => flag.includes('--proxy '));
  return {
    examples: EXAMPLES[name] ?? [],
    groups: inGroups(shown),
    units: Object.fromEntries(Object.entries(UNITS).filter(([unit]) => takes(unit))),
    statuses: STATUSES[name] ?? {},
    environment: downloads ? { ...ENVIRONMENT, ...COMMON } : COMMON,
  };
}

/** What a flag takes and does, as help has it: with its choices and its default. */
export function describeFlag({ flag, help, choices, default: usual }: Flag): string {
  const said = [];
  if (choices !== undefined) said.push(choices.join(', '));
  if (usual !== undefined && !flag.includes('--no-')) said.push(`default: ${JSON.stringify(usual)}`);
  return said.length === 0 ? help : `${help} (${said.join('; ')})`;
}

/**
 * What stands below the options in `--help`.
 *
 * @param columns that a line may have
 */
export function describeRest({ examples, units, statuses, environment }: Manual, columns: number): string {
  const lines = examples.flatMap(([line, does]) => [`  # ${does}`, `  ${line}`]);
  const sections = [
    lines.length === 0 ? [] : ['', 'Examples:', ...lines],
    rowsOf('Values', units, columns),
    rowsOf('Exit statuses', statuses, columns),
    rowsOf('Environment', environment, columns),
  ];
  return sections.flat().join('\n');
}

function rowsOf(heading: string, table: Readonly<Record<string, string>>, columns: number): readonly string[] {
  const rows = Object.entries(table);
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([key]) => (key.length > MOST ? 0 : key.length)));
  return ['', `${heading}:`, ...rows.flatMap(([key, is]) => row(key, is, width, columns))];
}

/** The first column, then the text beside it, in as many lines as it takes. */
function row(key: string, is: string, width: number, columns: number): readonly string[] {
  const indent = ' '.repeat(width + 4);
  const lines = [key.length > width ? [`  ${key}`, indent] : [`  ${key.padEnd(width)}  `]].flat();
  for (const word of is.split(' ')) {
    const last = lines.length - 1;
    const line = lines[last] as string;
    const joined = line.length === indent.length ? `${line}${word}` : `${line} ${word}`;
    if (joined.length <= columns || line.length === indent.length) lines[last] = joined;
    else lines.push(indent + word);
  }
  return lines;
}
