/** For zsh: sourced after compinit, or as a file `_sluice` in a folder of `$fpath`. */
import type { FlagNode, Node, Taken } from './tree.js';

export function zsh(tree: readonly Node[]): string {
  return `#compdef sluice
# zsh completion of sluice. In ~/.zshrc, after compinit: source <(sluice completion zsh)
_sluice() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '(- *)'{-h,--help}'[print this]' '(- *)'{-V,--version}'[print the version]' '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands
      commands=(
${tree.map(({ name, help }) => `        ${quoted(`${name}:${help.replaceAll(':', '\\:')}`)}`).join('\n')}
      )
      _describe command commands
      ;;
    argument)
      case $words[1] in
${tree.map(commandOf).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _sluice ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`;
}

function commandOf({ name, flags, argument }: Node): string {
  const specs = [
    ...flags.flatMap(specOf),
    ...(argument === 'nothing' ? [] : [quoted(`*:argument:${action(argument)}`)]),
  ];
  return `        ${name}) _arguments -s ${specs.join(' ')} ;;`;
}

function specOf({ short, long, help, takes, isOptional, mayRepeat }: FlagNode): string {
  const what = `[${help.replaceAll(/[[\]\\:]/g, '\\$&')}]`;
  const value = takes === 'nothing' ? '' : `${isOptional ? ':' : ''}:value:${action(takes)}`;
  const separate = takes === 'nothing' ? '' : isOptional ? '=-' : '=';
  const names =
    short === undefined
      ? [`--${long}${separate}`]
      : [`-${short}${takes === 'nothing' ? '' : '+'}`, `--${long}${separate}`];
  const others = short === undefined ? `--${long}` : `-${short} --${long}`;
  const before = mayRepeat ? '*' : `(${others})`;
  return names.map((one) => quoted(`${before}${one}${what}${value}`)).join(' ');
}

function action(takes: Taken): string {
  if (takes === 'files') return '_files';
  if (takes === 'folders') return '_files -/';
  return typeof takes === 'string' ? ' ' : `(${takes.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
