/** HTML and SVG put together so that nothing from outside is read as markup. */
import { printable } from '../shared/printable.js';

/** Text that is markup already; only {@link markup} and {@link style} make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | undefined | readonly Part[];

/** A template: what is put into it is escaped unless it is markup itself. Attributes stand in double quotes. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, next, index) => text + render(parts[index - 1]) + next));
}

/** Attributes, those that are undefined left out. */
export function attributes(values: Readonly<Record<string, string | number | undefined>>): Markup {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return new Markup(given.map(([name, value]) => ` ${name}="${render(value)}"`).join(''));
}

/**
 * A value that scripts can read, as JSON: no text in it ends the element or begins a comment, or changes how the source
 * of the page is read.
 */
export function data(id: string, value: unknown): Markup {
  const json = JSON.stringify(value).replaceAll(/[<\p{Other}\p{Line_Separator}\p{Paragraph_Separator}]/gu, inUnits);
  return new Markup(`<script type="application/json" id="${render(id)}">${json}</script>`);
}

/** `\u003c`: each code unit of a character, as JSON takes them. */
function inUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** Options stay with their values, and are not broken at their hyphens. */
export function prose(text: string): readonly Markup[] {
  const parts = text.split(/(--[a-z][\w-]*(?: [\w.]+\b)?)/);
  return parts.map((part, index) => (index % 2 === 1 ? markup`<span class="option">${part}</span>` : markup`${part}`));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function render(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return printable(String(part), Infinity).replaceAll(/[&<>"]/g, (character) => ENTITIES[character] as string);
}
