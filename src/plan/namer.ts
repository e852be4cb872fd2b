/** Makes the names of items as a template says. */

import type { Columns } from '../item.js';
import type { Fault } from '../lists/fault.js';
import type { CodeUnits } from '../shared/code-units.js';
import type { Hash } from '../shared/murmur3.js';
import { decode, extensionAt, nameFromUrl } from './names.js';
import { safePath } from './paths.js';
import { columnsOf, type Field, type Template } from './template.js';

/** What names are made of. */
export interface Named {
  /** Normalised. */
  readonly url: string;
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly index: number;
  /** Of the URL. */
  readonly hash: Hash;
  /** Those that the list has of this item, whether or not they are kept. */
  readonly columns: Columns | undefined;
}

export class Namer {
  /** Whether lists say what items are called: then a URL may be there under two names. */
  readonly byColumns: boolean;
  readonly #template: Template;

  constructor(template: Template) {
    this.#template = template;
    this.byColumns = columnsOf(template).length > 0;
  }

  /**
   * A safe path, which other items may have, too.
   *
   * @param units the code units of the URL
   * @returns what is wrong where the list does not have what the name is made of
   */
  nameOf(named: Named, units: CodeUnits): string | Fault {
    let name = '';
    for (const part of this.#template.parts) {
      if (typeof part === 'string') {
        name += part;
        continue;
      }
      const value = valueOf(part, named, units);
      if (value === undefined) return missing(part);
      // `{stem}.{ext}` is the whole name, also of one that has no extension.
      if (part.kind === 'ext' && value === '' && name.endsWith('.')) name = name.slice(0, -1);
      name += value;
    }
    return safePath(name);
  }
}

type Plain = Exclude<Field['kind'], 'index' | 'column'>;

const VALUES: Readonly<Record<Plain, (named: Named, units: CodeUnits) => string>> = {
  host: ({ origin }) => hostOf(origin),
  path: ({ path }) => pathOf(path),
  pathAndQuery: ({ path }) => [pathOf(path), queryOf(path)].filter((part) => part !== '').join('@'),
  basename: ({ url }, units) => nameFromUrl(url, units),
  stem: ({ url }, units) => {
    const name = nameFromUrl(url, units);
    return name.slice(0, extensionAt(name));
  },
  ext: ({ url }, units) => {
    const name = nameFromUrl(url, units);
    return name.slice(extensionAt(name) + 1);
  },
  query: ({ path }) => queryOf(path),
  hash: ({ hash }) => hex(hash[0] as number) + hex(hash[1] as number),
};

function valueOf(field: Field, named: Named, units: CodeUnits): string | undefined {
  if (field.kind === 'index') return String(named.index).padStart(field.width, '0');
  return field.kind === 'column' ? columnOf(named.columns, field.column) : VALUES[field.kind](named, units);
}

/** With the port if it is not the usual one, after a plus sign: wget does so where names have no colons. */
function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2).replace(/:(\d+)$/, '+$1');
}

/** Its folders are folders of the name; a slash that is escaped is none. */
function pathOf(path: string): string {
  const question = path.indexOf('?');
  const [, ...segments] = (question === -1 ? path : path.slice(0, question)).split('/');
  if (segments.at(-1) === '') segments[segments.length - 1] = 'index.html';
  return segments.map((segment) => withoutSlashes(decode(segment))).join('/');
}

function queryOf(path: string): string {
  const question = path.indexOf('?');
  return question === -1 ? '' : withoutSlashes(decode(path.slice(question + 1)));
}

function withoutSlashes(text: string): string {
  return text.replaceAll('/', '_');
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}

/** Of what is no text, a number or a truth value no name can be made. */
function columnOf(columns: Columns | undefined, column: string): string | undefined {
  const value = columns !== undefined && Object.hasOwn(columns, column) ? columns[column] : undefined;
  return typeof value === 'object' || value === undefined ? undefined : String(value);
}

function missing(field: Field): Fault {
  const column = field.kind === 'column' ? field.column : field.kind;
  return {
    message: `nothing in the column ${JSON.stringify(column)}, which --name asks for`,
    hint: 'name a column that the list has in every row',
  };
}
