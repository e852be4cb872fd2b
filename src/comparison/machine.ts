/** What a table's figures hold for. */
import { describeMachine } from '../bench/machine.js';

/** The heading of all tables: without it their figures mean nothing. */
export function heading(versions: readonly string[], date: Date): string {
  const { processors, processor, system, node } = describeMachine();
  const machine = [`${processors} × ${processor}`, system, `Node ${node}`];
  return `### ${[date.toISOString().slice(0, 10), ...machine, ...versions].join(', ')}`;
}
