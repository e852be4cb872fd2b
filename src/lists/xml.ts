/** XML lists, read while they come. What the parser finds at fault is told of the row that it is in. */
import { Buffer } from 'node:buffer';
import type { SaxesParser } from 'saxes';
import type { CodeUnits } from '../shared/code-units.js';
import type { Fault } from './fault.js';
import { MAX_ROW_BYTES, NOT_UTF8 } from './held.js';
import { faulty, type ListRow, type Splitter } from './row.js';

/**
 * An ampersand that begins no entity: many sitemaps have it in their URLs, and the parser would look for its end. It comes
 * back from the parser as what no text has in its place.
 */
const BARE = /&(?!#?[\p{L}\p{N}_.-]{1,40};)/gu;
const STAND_IN = '\ufdd0';
/** What may be the start of an entity. */
const UNFINISHED = /&#?[\p{L}\p{N}_.-]{0,40}$/u;

/** Elements in one another. */
const MAX_DEPTH = 100;
const HINT = 'fetch or write the list again';

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What one kind of XML list makes of its elements. */
export interface XmlRows {
  /** @param path of the elements around it, from the root */
  open(element: XmlElement, path: readonly XmlElement[]): void;
  /** @returns the row that ends with the element, if one does */
  close(element: XmlElement, path: readonly XmlElement[], text: string, line: number): ListRow | undefined;
}

export async function openXml(units: CodeUnits, rows: XmlRows): Promise<Splitter> {
  const { SaxesParser } = await import('saxes');
  return new XmlList(units, rows, new SaxesParser({ position: true }));
}

class XmlList implements Splitter {
  readonly #units: CodeUnits;
  readonly #parser: SaxesParser;
  readonly #decoder = new TextDecoder();
  readonly #path: XmlElement[] = [];
  #rows: ListRow[] = [];
  #next = 0;
  #text = '';
  /** What was not written yet. */
  #before = '';
  /** What was wrong since the last row, and in which line. */
  #fault: Fault | undefined;
  #faultLine = 0;
  /** Characters since the parser has told of anything. */
  #silent = 0;
  #isGivenUp = false;

  constructor(units: CodeUnits, rows: XmlRows, parser: SaxesParser) {
    this.#units = units;
    this.#parser = parser;
    const path = this.#path;
    parser.on('error', ({ message }) => {
      if (this.#fault !== undefined) return;
      this.#faultLine = parser.line;
      this.#fault = { message: `not well-formed XML (${message.replace(/^[\d:]+ /, '').slice(0, 80)})`, hint: HINT };
    });
    parser.on('opentag', ({ name, attributes }) => {
      this.#silent = 0;
      this.#text = '';
      const element = { name: localName(name), attributes: asGiven(attributes) };
      rows.open(element, path);
      path.push(element);
      if (path.length > MAX_DEPTH) this.#giveUp(`more than ${MAX_DEPTH} elements in one another`);
    });
    const addText = (text: string): void => {
      this.#silent = 0;
      if (this.#text.length + text.length <= MAX_ROW_BYTES) this.#text += text;
    };
    parser.on('text', addText);
    parser.on('cdata', addText);
    parser.on('comment', () => {
      this.#silent = 0;
    });
    parser.on('closetag', () => {
      this.#silent = 0;
      const element = path.pop();
      if (element === undefined) return;
      const row = rows.close(element, path, this.#text.replaceAll(STAND_IN, '&').trim(), parser.line);
      this.#text = '';
      if (row !== undefined) this.#add(row);
    });
  }

  feed(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const text = this.#before + this.#decoder.decode(bytes, { stream: true });
    this.#before = UNFINISHED.exec(text)?.[0] ?? '';
    this.#write(text.slice(0, text.length - this.#before.length));
  }

  end(): void {
    this.#write(this.#before + this.#decoder.decode());
    if (this.#isGivenUp) return;
    this.#parser.close();
    if (this.#fault !== undefined) this.#rows.push(faulty(this.#faultLine, '', this.#fault));
    this.#fault = undefined;
  }

  next(): ListRow | undefined {
    const row = this.#rows[this.#next];
    if (row === undefined) {
      this.#rows = [];
      this.#next = 0;
      return undefined;
    }
    this.#next += 1;
    this.#units.load(row.text);
    return row;
  }

  #write(text: string): void {
    if (this.#isGivenUp || text === '') return;
    this.#silent += text.length;
    this.#parser.write(text.replaceAll(BARE, STAND_IN));
    if (this.#silent > MAX_ROW_BYTES) this.#giveUp('an element longer than 1 MiB');
  }

  #add(row: ListRow): void {
    if (this.#isGivenUp) return;
    const fault = row.fault ?? this.#fault ?? (row.text.includes('\ufffd') ? NOT_UTF8 : undefined);
    this.#rows.push(fault === undefined ? row : faulty(row.number, row.text, fault));
    this.#fault = undefined;
  }

  /** The rest cannot be read within bounds. */
  #giveUp(message: string): void {
    if (this.#isGivenUp) return;
    this.#rows.push(faulty(this.#parser.line, '', { message: `${message}; the rest is not read`, hint: HINT }));
    this.#isGivenUp = true;
  }
}

function asGiven(attributes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, text]) => [name, text.replaceAll(STAND_IN, '&')]));
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
