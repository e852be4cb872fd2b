/** The formats of lists: each has a file beside this one, and a row here. */
import type { CodeUnits } from '../shared/code-units.js';
import { type Line, LineSplitter } from './lines.js';

/** Reads one list: bytes in, lines out. */
export interface ListReader {
  /** The next chunk, which is read from as lines are asked for. All lines of the last one have been read. */
  feed(chunk: Uint8Array): void;
  /** The next line that is whole: a URL, and after a tab, if there is one, a name. Its code units are loaded. */
  next(): Line | undefined;
  /** After the last chunk: what is left of it. */
  end(): Line | undefined;
}

interface Format {
  /** @param label path of the list, or what messages call it */
  readonly isFor: (label: string) => boolean;
  /** @param units where the code units of each line are put while it is read */
  readonly open: (units: CodeUnits) => ListReader;
}

/** The first that takes a list reads it. */
const FORMATS: readonly Format[] = [{ isFor: () => true, open: (units) => new LineSplitter(units) }];

export function openReader(label: string, units: CodeUnits): ListReader {
  // The last one takes any.
  const format = FORMATS.find(({ isFor }) => isFor(label)) as Format;
  return format.open(units);
}
