/** What is to become of files that are there, by the names that other programs have for it. */
import { UsageError } from '../../errors.js';
import type { Flag, Values } from '../../options/flags.js';
import type { OnExists } from '../../protocol/settings.js';

interface Alias extends Flag {
  /** What the flag is called among the values, and what it is when it was given. */
  readonly value: readonly [name: string, given: unknown];
  readonly means: OnExists;
}

/** As `wget`, `curl`, `rsync`, `rclone` and `aria2` have them. Of `--no-clobber` wget's meaning: curl has a name for that, too. */
const ALIASES: readonly Alias[] = [
  { flag: '--no-clobber', value: ['clobber', false], means: 'skip', help: '-nc', hidden: true },
  { flag: '--skip-existing', value: ['skipExisting', true], means: 'skip', help: '', hidden: true },
  { flag: '--ignore-existing', value: ['ignoreExisting', true], means: 'skip', help: '', hidden: true },
  { flag: '--allow-overwrite', value: ['allowOverwrite', true], means: 'overwrite', help: '', hidden: true },
];

export const EXISTS_FLAGS: readonly Flag[] = ALIASES.map(({ flag, help, hidden = true }) => ({ flag, help, hidden }));

/** What the aliases say. @throws UsageError where that is not what another flag says */
export function onExistsOf(values: Values): { readonly onExists?: OnExists } {
  const given = ALIASES.filter(({ value: [name, wanted] }) => values[name] === wanted);
  const [first, ...others] = given;
  if (first === undefined) return {};
  const { onExists, overwrite } = values;
  const other = others.find(({ means }) => means !== first.means)?.flag;
  const said = other ?? (overwrite === true && first.means !== 'overwrite' ? '--overwrite' : undefined);
  const conflict =
    said ?? (typeof onExists === 'string' && onExists !== first.means ? `--on-exists ${onExists}` : undefined);
  if (conflict !== undefined) throw new UsageError(`${first.flag} does not go with ${conflict}`, 'give one of them');
  return { onExists: first.means };
}
