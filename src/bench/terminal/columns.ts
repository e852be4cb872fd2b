/** Text in columns, for a terminal. */

export interface Column {
  /** Lines above it. */
  readonly head: readonly [string, string];
  readonly cells: readonly string[];
  /** Those with the largest are left out first where the terminal is too narrow. */
  readonly rank: number;
}

const GAP = 2;

/** The heads, then the cells: the first column to the left, the others to the right; as many columns as `width` takes. */
export function inColumns(columns: readonly Column[], width: number): { heads: string[]; rows: string[] } {
  let shown = columns;
  while (shown.length > 1 && widthsOf(shown).reduce((sum, one) => sum + one + GAP, -GAP) > width) {
    const last = Math.max(...shown.map(({ rank }) => rank));
    shown = shown.filter(({ rank }) => rank !== last);
  }
  const widths = widthsOf(shown);
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => (index === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[index]!)))
      .join(' '.repeat(GAP))
      .trimEnd();
  const rows = (columns[0]?.cells ?? []).map((_, row) => line(shown.map(({ cells }) => cells[row] ?? '')));
  return { heads: [0, 1].map((row) => line(shown.map(({ head }) => head[row]!))), rows };
}

function widthsOf(columns: readonly Column[]): number[] {
  return columns.map(({ head, cells }) => Math.max(...[...head, ...cells].map((text) => text.length)));
}

/** Lines of at most `width` characters, broken at spaces; what has none in it is not broken. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
