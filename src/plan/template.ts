/** `--name`: how the names of items are made. Only what it says; loaded with the options, so it needs nothing. */

import { UsageError } from '../errors.js';

/** What stands in braces. `pathAndQuery` is for {@link DIRECTORIES} only. */
export type Field =
  | { readonly kind: 'host' | 'path' | 'pathAndQuery' | 'basename' | 'stem' | 'ext' | 'query' | 'hash' }
  | { readonly kind: 'index'; readonly width: number }
  | { readonly kind: 'column'; readonly column: string };

export interface Template {
  /** Texts and fields, in order. */
  readonly parts: readonly (string | Field)[];
}

const PLAIN = ['host', 'path', 'basename', 'stem', 'ext', 'query', 'hash'] as const;
const FIELDS = [...PLAIN.map((kind) => `{${kind}}`), '{index}', '{index:06}', '{column:NAME}'].join(', ');
const HINT = `the fields are ${FIELDS}; a brace is written {{ or }}`;
/** Digits of the longest index. */
const MAX_WIDTH = 20;

/** What `--force-directories` asks for: the host, and below it the path with the query, as wget has it on Windows. */
export const DIRECTORIES: Template = { parts: [{ kind: 'host' }, '/', { kind: 'pathAndQuery' }] };

/** @throws UsageError that names the fields that there are */
export function parseTemplate(option: string, text: string): Template {
  const parts: (string | Field)[] = [];
  let literal = '';
  const refuse = (why: string): UsageError => new UsageError(`--${option} ${text}: ${why}`, HINT);
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character !== '{' && character !== '}') {
      literal += character;
    } else if (text[at + 1] === character) {
      literal += character;
      at += 1;
    } else if (character === '}') {
      throw refuse('a } without a { before it');
    } else {
      const end = text.indexOf('}', at);
      if (end === -1) throw refuse('a { without a } after it');
      const field = fieldOf(text.slice(at + 1, end));
      if (field === undefined) throw refuse(`${text.slice(at, end + 1)} is no field`);
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(field);
      at = end;
    }
  }
  if (literal !== '') parts.push(literal);
  if (parts.length === 0) throw refuse('it is empty');
  if (literal.endsWith('/')) throw refuse('it ends in a folder');
  return { parts };
}

function fieldOf(text: string): Field | undefined {
  const plain = PLAIN.find((kind) => kind === text);
  if (plain !== undefined) return { kind: plain };
  if (text.startsWith('column:') && text.length > 'column:'.length) {
    return { kind: 'column', column: text.slice('column:'.length) };
  }
  const index = /^index(?::(\d{1,3}))?$/.exec(text);
  const width = Number(index?.[1] ?? 0);
  return index === null || width > MAX_WIDTH ? undefined : { kind: 'index', width };
}

/** The columns of a list that names are made of, which have to be read even if they are not kept. */
export function columnsOf(template: Template | undefined): readonly string[] {
  const columns = (template?.parts ?? []).flatMap((part) =>
    typeof part === 'object' && part.kind === 'column' ? part.column : [],
  );
  return [...new Set(columns)];
}
