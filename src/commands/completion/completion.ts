/** `sluice completion SHELL`: a script that knows all commands and options by itself, so that no TAB waits for Node. */
import { UsageError } from '../../errors.js';
import { printable } from '../../shared/printable.js';
import { bash } from './bash.js';
import { SHELLS } from './command.js';
import { completionTree, type Node } from './tree.js';
import { fish } from './fish.js';
import { zsh } from './zsh.js';

export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (tree: readonly Node[]) => string>> = { bash, zsh, fish };

/** @returns the exit status */
export function completion(shell: string): Promise<number> {
  const script = (SCRIPTS as Readonly<Record<string, (typeof SCRIPTS)[Shell] | undefined>>)[shell];
  if (script === undefined) {
    throw new UsageError(`there is no completion for ${printable(shell)}`, `give one of ${SHELLS.join(', ')}`);
  }
  process.stdout.write(script(completionTree()));
  return Promise.resolve(0);
}
