/** The arithmetic of the tables, and what they look like. */
import { median, type Spread, spreadOf } from '../bench/statistics.js';
import { inThousands } from './corpus.js';
import type { Cost } from './measure.js';

/** What a contestant did in one round. */
export interface Run extends Cost {
  readonly contestant: string;
  /** From 1. */
  readonly round: number;
  /** Files that were whole. */
  readonly right: number;
}

export interface Race {
  /** For people: what was raced for, and how. */
  readonly title: string;
  /** Files in each run. */
  readonly files: number;
  /** Bytes of each file if the rate is to be told in bytes; undefined if in files. */
  readonly fileSize: number | undefined;
  /** What is to be known of the figures. */
  readonly notes: readonly string[];
  readonly runs: readonly Run[];
}

export interface Row {
  readonly contestant: string;
  /** Files a second that were whole, or bytes a second. */
  readonly rate: number;
  /** Seconds. */
  readonly wall: number;
  /** Seconds. */
  readonly cpu: number;
  /** Bytes; undefined where nothing tells. */
  readonly peak: number | undefined;
  /** Files that were whole, in the worst round. */
  readonly right: number;
  /** How often as fast the one is that all are compared with, round by round; undefined for itself. */
  readonly ratio: Spread | undefined;
}

const UNKNOWN = '–';

/**
 * How often as fast `mine` is as `other`, from the pairs of runs of one round: the machine's good and bad times hit both.
 * What counts are whole files, so that nobody wins by bringing less; infinite for one that brought none.
 */
export function ratio(mine: readonly Run[], other: readonly Run[]): Spread {
  const ratios = mine.flatMap((run) => {
    const pair = other.find(({ round }) => round === run.round);
    return pair === undefined ? [] : [rate(run) / rate(pair)];
  });
  return spreadOf(ratios);
}

function rate({ right, wall }: Run): number {
  return right / wall;
}

/** A row for each contestant, in the order of their first runs; medians of all rounds. */
export function rowsOf({ runs, fileSize }: Race, comparedWith: string): Row[] {
  const byContestant = new Map<string, Run[]>();
  for (const run of runs) byContestant.set(run.contestant, [...(byContestant.get(run.contestant) ?? []), run]);
  const mine = byContestant.get(comparedWith) ?? [];
  return [...byContestant].map(([contestant, own]) => ({
    contestant,
    rate: median(own.map(rate)) * (fileSize ?? 1),
    wall: median(own.map(({ wall }) => wall)),
    cpu: median(own.map(({ cpu }) => cpu)),
    peak: own.some(({ peak }) => peak === undefined) ? undefined : median(own.map(({ peak }) => peak as number)),
    right: Math.min(...own.map(({ right }) => right)),
    ratio: contestant === comparedWith ? undefined : ratio(mine, own),
  }));
}

/** A paragraph, a table of a row for each contestant, and what is to be known of it. */
export function toMarkdown(race: Race, comparedWith: string): string {
  const unit = race.fileSize === undefined ? 'files/s' : 'MB/s';
  const table = [
    ['', unit, 'wall s', 'CPU s', 'peak MB', 'right', `${comparedWith} is faster by`],
    ['---', '--:', '--:', '--:', '--:', '--:', '--:'],
    ...rowsOf(race, comparedWith).map((row) => [
      row.contestant,
      inThousands(Math.round(race.fileSize === undefined ? row.rate : row.rate / 1e6)),
      number(row.wall, 2),
      number(row.cpu, 2),
      row.peak === undefined ? UNKNOWN : number(row.peak / 1e6, 0),
      row.right === race.files ? inThousands(row.right) : `**${inThousands(row.right)} of ${inThousands(race.files)}**`,
      row.ratio === undefined ? '' : spread(row.ratio),
    ]),
  ];
  const notes = [...race.notes, ...race.runs.filter(({ right }) => right < race.files).map(describeIncomplete(race))];
  return [
    `${race.title}\n`,
    ...padded(table).map((cells) => `| ${cells.join(' | ')} |`),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `- ${note}`)] : []),
    '',
  ].join('\n');
}

/** Columns under each other, for those who read it as it stands: the first to the left, the others to the right. */
function padded(table: readonly (readonly string[])[]): string[][] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table.map((cells) =>
    cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      if (/^-+:?$/.test(cell)) return cell.padStart(width, '-');
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }),
  );
}

function describeIncomplete({ files }: Race): (run: Run) => string {
  return ({ contestant, round, right, status, complaint }) => {
    const end = status === null ? 'was killed' : `ended with ${status}`;
    // A complaint comes from elsewhere: nothing in it is to be read as Markdown.
    const why =
      complaint === ''
        ? ''
        : `: ${complaint
            .split('\n')
            .at(-1)
            ?.replaceAll(/[^\w .,:;/=-]/g, ' ')}`;
    return `${contestant} brought ${inThousands(right)} of ${inThousands(files)} files in round ${round} and ${end}${why}`;
  };
}

function spread({ median, least, most }: Spread): string {
  return `${number(median, 2)} (${number(least, 2)}..${number(most, 2)})`;
}

function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : UNKNOWN;
}
