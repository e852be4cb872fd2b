/** For fish: a file `sluice.fish` in its folder of completions. */
import type { FlagNode, Node, Taken } from './tree.js';

export function fish(tree: readonly Node[]): string {
  const names = tree.map(({ name }) => name).join(' ');
  const none = `not __fish_seen_subcommand_from ${names}`;
  const lines = tree.flatMap(({ name, help, flags, argument }) => {
    const within = `-n '__fish_seen_subcommand_from ${name}'`;
    const its =
      argument === 'nothing' || argument === 'value' ? [] : [`complete -c sluice ${within} ${values(argument)}`];
    return [
      `complete -c sluice -n '${none}' -a ${name} -d ${quoted(help)}`,
      ...its,
      ...flags.map((flag) => `complete -c sluice ${within} ${flagOf(flag)}`),
    ];
  });
  return [
    '# fish completion of sluice: sluice completion fish > ~/.config/fish/completions/sluice.fish',
    'complete -c sluice -f',
    `complete -c sluice -n '${none}' -s h -l help -d 'print this'`,
    `complete -c sluice -n '${none}' -s V -l version -d 'print the version'`,
    ...lines,
    '',
  ].join('\n');
}

function flagOf({ short, long, help, takes, isOptional }: FlagNode): string {
  const names = short === undefined ? `-l ${long}` : `-s ${short} -l ${long}`;
  const value = takes === 'nothing' || isOptional ? '' : ` -r ${values(takes)}`;
  return `${names}${value} -d ${quoted(help)}`;
}

function values(takes: Taken): string {
  if (takes === 'files') return '-F';
  if (takes === 'folders') return `-f -a '(__fish_complete_directories)'`;
  return typeof takes === 'string' ? '-f' : `-f -a '${takes.join(' ')}'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
