/** Colours, of what people read: on terminals, unless somebody wants it otherwise. */

export const COLORS = ['auto', 'always', 'never'] as const;
export type Color = (typeof COLORS)[number];

/** Codes of the select graphic rendition (ECMA-48, 8.3.117): on, off. */
const STYLES = { bold: [1, 22], red: [31, 39], yellow: [33, 39] } as const;
type Style = keyof typeof STYLES;

let chosen: Color = 'auto';

/** What `--color` says on a command line, before anything is told of it. What is none of its values is refused later. */
export function chooseColor(argv: readonly string[]): void {
  const end = argv.indexOf('--');
  const options = end === -1 ? argv : argv.slice(0, end);
  const at = options.findLastIndex((argument) => argument === '--color' || argument.startsWith('--color='));
  const said = options[at] === '--color' ? options[at + 1] : options[at]?.slice('--color='.length);
  chosen = COLORS.find((color) => color === said) ?? 'auto';
}

/**
 * Whether what is written there has colours: by itself on a terminal that can show them. `NO_COLOR` (no-color.org) forbids
 * them, and `FORCE_COLOR` decides whatever else there is, as Node has it.
 */
export function hasColors(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): boolean {
  if (chosen !== 'auto') return chosen === 'always';
  const { FORCE_COLOR: forced, NO_COLOR: none = '' } = env;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return none === '' && stream.isTTY && stream.hasColors();
}

export function styled(text: string, style: Style, stream: NodeJS.WriteStream): string {
  if (!hasColors(stream)) return text;
  const [on, off] = STYLES[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** Lines for people: what is marked as an error or a warning is seen to be one. */
export function marked(lines: string, stream: NodeJS.WriteStream): string {
  if (!hasColors(stream)) return lines;
  return lines.replaceAll(/^\*\*\* (?:(?:Usage error|Error|Warning|Interrupted)\b)?/gm, (mark) =>
    styled(mark, mark.startsWith('*** Warning') ? 'yellow' : 'red', stream),
  );
}
