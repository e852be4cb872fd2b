/** The columns of lists that are kept, with what they hold. */
import type { TableRow } from '../../journal/table.js';
import { type FieldType, typeOf } from './fields.js';

export class Columns {
  readonly #types = new Map<string, FieldType | undefined>();

  note({ details }: TableRow): void {
    if (details?.columns === undefined) return;
    for (const [name, value] of Object.entries(details.columns)) {
      this.#types.set(name, typeOf(value, this.#types.get(name)));
    }
  }

  /** In the order in which they came up. */
  get types(): ReadonlyMap<string, FieldType> {
    // One that is null everywhere is a text that nobody has written.
    return new Map([...this.#types].map(([name, type]) => [name, type ?? 'text']));
  }
}
