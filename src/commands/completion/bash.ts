/** For bash, 3.2 of macOS included, with or without the package bash-completion. */
import type { FlagNode, Node, Taken } from './tree.js';

export function bash(tree: readonly Node[]): string {
  const names = tree.map(({ name }) => name).join(' ');
  return `# bash completion of sluice. In ~/.bashrc: source <(sluice completion bash)
_sluice_words() {
  COMPREPLY=($(compgen -W "$1" -- "$2"))
}
_sluice_paths() {
  local path
  compopt -o filenames 2>/dev/null
  while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "$1" -- "$2")
}
_sluice() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} name= at
  COMPREPLY=()
  # --layout=flat is three words to bash.
  if [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $word == '=' ]]; then word=
  fi
  for ((at = 1; at < COMP_CWORD; at += 1)); do
    if [[ \${COMP_WORDS[at]} != -* ]]; then name=\${COMP_WORDS[at]}; break; fi
  done
  case $name in
${tree.map(commandOf).join('\n')}
    '') _sluice_words '${names} help --help --version' "$word" ;;
    help) _sluice_words '${names}' "$word" ;;
  esac
}
complete -F _sluice sluice
`;
}

function commandOf({ name, flags, argument }: Node): string {
  const all = flags.map(({ long }) => `--${long}`).join(' ');
  const rows = flags.filter(({ takes, isOptional }) => takes !== 'nothing' && !isOptional).map(valueOf);
  const values = rows.length === 0 ? [] : ['      case $before in', ...rows, '      esac'];
  return [
    `    ${name})`,
    ...values,
    `      if [[ $word == -* ]]; then _sluice_words '${all}' "$word"`,
    `      else ${fill(argument)}`,
    '      fi',
    '      ;;',
  ].join('\n');
}

function valueOf({ short, long, takes }: FlagNode): string {
  const names = short === undefined ? `--${long}` : `-${short} | --${long}`;
  return `        ${names}) ${fill(takes)}; return ;;`;
}

function fill(takes: Taken): string {
  if (takes === 'files') return '_sluice_paths -f "$word"';
  if (takes === 'folders') return '_sluice_paths -d "$word"';
  return typeof takes === 'string' ? ':' : `_sluice_words '${takes.join(' ')}' "$word"`;
}
