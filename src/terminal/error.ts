/** What a person is told of an error that ends a command. */
import { SluiceError, UsageError } from '../errors.js';
import { printable } from '../shared/printable.js';

/**
 * No stack trace reaches a user, unless it is a fault of the program: then it is what a report needs.
 *
 * @param usage of the command, for one that was called wrongly
 */
export function describeError(error: unknown, usage: () => string): string {
  if (error instanceof UsageError) {
    return `*** Usage error: ${printable(error.message, 1000)}: ${error.hint}\n${usage()}`;
  }
  if (error instanceof SluiceError) {
    const what = error.code === 'ABORTED' ? 'Interrupted' : `Error: ${printable(error.message, 1000)}: ${error.hint}`;
    return `*** ${what}\n`;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `*** This is a fault of sluice; please report it with these lines:\n${trace}\n`;
}
