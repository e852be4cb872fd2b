/** `src/options/README.md`, made from the rows: `npm run docs` writes it, a test holds that it is what they say. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { COLOR, DOWNLOAD_FLAGS, DRY_RUN, INPUT_FILE } from '../../src/commands/command.js';
import { LIST_FLAGS } from '../../src/commands/get/flags.js';
import { type OptionName, OPTIONS, type Row } from '../../src/options/table.js';

export const PAGE = fileURLToPath(new URL('../../../src/options/README.md', import.meta.url));

const HEAD = `# Options

Made from the rows of \`table.ts\` by \`npm run docs\`. In the library each has the name in the last column, and its values
are as on the command line.

`;

/** What the page should be. */
export async function renderPage(): Promise<string> {
  const told = [INPUT_FILE, ...LIST_FLAGS, DRY_RUN, COLOR, ...DOWNLOAD_FLAGS].filter(({ hidden }) => hidden !== true);
  const flags = told.map(({ flag, help }) => ({
    flag,
    help,
    more: '',
    value: '',
    name: '',
  }));
  const options = (Object.keys(OPTIONS) as OptionName[]).map((name) => {
    const { flag = '', help = '', more = '', kind, default: usual } = OPTIONS[name] as Row<unknown, unknown, unknown>;
    const what = [help.replace(/ \(default: .*\)/, ''), more].filter(Boolean).join('; ');
    const takes = kind.choices?.map((choice) => `\`${choice}\``).join(', ') ?? kind.bounds ?? '';
    const value = typeof usual === 'boolean' || usual === undefined ? '' : `\`${usual as string | number}\``;
    return { flag, help: what, more: takes, value, name };
  });
  const own = flags.filter(({ flag }) => !options.some((option) => option.flag === flag));
  const rows = [...own, ...options.filter(({ flag }) => flag !== '')].map(({ flag, help, more, value, name }) =>
    [`\`${flag.replaceAll(/[<>]/g, '').replace('|', '\\|')}\``, help, more, value, name && `\`${name}\``].join(' | '),
  );
  const table = ['option | meaning | takes | default | library', '--- | --- | --- | --- | ---', ...rows];
  return format(`${HEAD}${table.map((line) => `| ${line} |`).join('\n')}\n`, { parser: 'markdown', printWidth: 120 });
}

/** The comment that the library's users see beside each option, by name. */
export function comments(): Readonly<Record<string, string>> {
  const source = readFileSync(new URL('../../../src/options/table.ts', import.meta.url), 'utf8');
  const found = source.matchAll(/\n  \/\*\*((?:(?!\*\/)[\s\S])+)\*\/\n  (\w+): row\(/g);
  return Object.fromEntries(
    [...found].map(([, text = '', name = '']) => [name, text.replaceAll(/\s+\*?\s*/g, ' ').trim()]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, await renderPage());
