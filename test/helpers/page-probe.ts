/**
 * What is read from a page in the browser. The probes run there: they are sent as text, so nothing outside of them
 * is known to them, and of the browser's types only what they use is declared.
 */

import type { Page } from 'playwright-core';

/** Brought over as JSON, which takes a tenth of the time of playwright's own way. */
export async function inPage<T>(page: Page, probe: () => T): Promise<T> {
  return JSON.parse(await page.evaluate(`JSON.stringify((${probe.toString()})())`)) as T;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly width: number;
  readonly height: number;
}

interface Node {
  readonly nodeValue: string | null;
  readonly parentElement: Element;
}

interface Element {
  readonly tagName: string;
  readonly textContent: string | null;
  readonly parentElement: Element | null;
  readonly scrollWidth: number;
  getAttribute(name: string): string | null;
  closest(selector: string): Element | null;
  getBoundingClientRect(): Box;
  querySelectorAll(selector: string): Iterable<Element>;
}

interface Path extends Element {
  getTotalLength(): number;
  getPointAtLength(at: number): { matrixTransform(matrix: unknown): { x: number; y: number } };
  getScreenCTM(): unknown;
}

declare const document: {
  readonly documentElement: Element;
  readonly body: Element;
  querySelector(selector: string): Element;
  querySelectorAll(selector: string): Iterable<Element>;
  createTreeWalker(root: Element, show: number): { nextNode(): Node | null };
  createRange(): { selectNodeContents(node: Node): void; getClientRects(): Iterable<Box> };
};
declare function getComputedStyle(element: Element): { color: string; fill: string; backgroundColor: string };

/** A mark that stands for a number. */
export interface Mark {
  readonly tag: string;
  readonly strategy: string | null;
  readonly figure: string;
  readonly value: string;
  /** In the unit of the axis; null for what is no mark but text. */
  readonly shown: number | null;
  readonly box: Box;
  /** The drawing that it is in, and what its ends stand for. */
  readonly track: { readonly box: Box; readonly kind: string; readonly least: number; readonly most: number } | null;
  /** Of a line. */
  readonly end: { readonly x: number; readonly y: number } | null;
}

export function marks(): Mark[] {
  const plain = ({ left, top, right, bottom, width, height }: Box) => ({ left, top, right, bottom, width, height });
  return [...document.querySelectorAll('[data-figure]')].map((element) => {
    const drawing = element.closest('svg[data-scale]');
    const path = element.tagName === 'path' ? (element as Path) : undefined;
    const end = path?.getPointAtLength(path.getTotalLength()).matrixTransform(path.getScreenCTM());
    const shown = element.getAttribute('data-shown');
    return {
      tag: element.tagName.toLowerCase(),
      strategy: element.getAttribute('data-strategy'),
      figure: element.getAttribute('data-figure') ?? '',
      value: element.getAttribute('data-value') ?? '',
      shown: shown === null ? null : Number(shown),
      box: plain(element.getBoundingClientRect()),
      track:
        drawing === null
          ? null
          : {
              box: plain(drawing.getBoundingClientRect()),
              kind: drawing.getAttribute('data-scale') ?? '',
              least: Number(drawing.getAttribute('data-least')),
              most: Number(drawing.getAttribute('data-most')),
            },
      end: end === undefined ? null : { x: end.x, y: end.y },
    };
  });
}

/** One line of text as it is seen. */
export interface Line {
  readonly text: string;
  /** Without what its container hides. */
  readonly box: Box;
  /** Of text to its background, 1 to 21. */
  readonly contrast: number;
  /** Of the same piece of text. */
  readonly piece: number;
}

/** @returns also what the page is as wide as, and what colour it is */
export function lines(): { lines: Line[]; width: number; page: string } {
  const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string): number => {
    const [red, green, blue] = channels(colour).map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgroundOf = (element: Element | null): string => {
    if (element === null) return 'rgb(255, 255, 255)';
    const colour = getComputedStyle(element).backgroundColor;
    return channels(colour)[3] === 0 ? backgroundOf(element.parentElement) : colour;
  };
  const found: Line[] = [];
  const walker = document.createTreeWalker(document.querySelector('main'), 4);
  for (let node = walker.nextNode(), piece = 0; node !== null; node = walker.nextNode(), piece++) {
    const parent = node.parentElement;
    if (parent.tagName === 'title') continue;
    const style = getComputedStyle(parent);
    const [one, other] = [parent.tagName === 'text' ? style.fill : style.color, backgroundOf(parent)]
      .map(luminance)
      .toSorted((a, b) => b - a) as [number, number];
    const hidden = parent.closest('.scroll')?.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, top, right, bottom } of range.getClientRects()) {
      const [from, to] = [Math.max(left, hidden?.left ?? left), Math.min(right, hidden?.right ?? right)];
      if (to - from < 1 || (node.nodeValue ?? '').trim() === '') continue;
      const box = { left: from, top, right: to, bottom, width: to - from, height: bottom - top };
      found.push({ text: node.nodeValue ?? '', box, contrast: (one + 0.05) / (other + 0.05), piece });
    }
  }
  return {
    lines: found,
    width: document.documentElement.scrollWidth,
    page: getComputedStyle(document.body).backgroundColor,
  };
}

/** What those rely on who do not see the page. */
export function structure(): { language: string | null; headings: number[]; unlabelled: string[]; loose: number } {
  return {
    language: document.documentElement.getAttribute('lang'),
    headings: [...document.querySelectorAll('h1,h2,h3,h4')].map(({ tagName }) => Number(tagName.slice(1))),
    unlabelled: [...document.querySelectorAll('svg')]
      .filter((svg) => svg.parentElement?.closest('svg') === null)
      .filter((svg) => svg.getAttribute('aria-hidden') !== 'true')
      .filter((svg) => svg.getAttribute('role') !== 'img' || (svg.getAttribute('aria-label') ?? '').length < 10)
      .map((svg) => svg.parentElement?.textContent ?? ''),
    loose: [...document.querySelectorAll('th')].filter((head) => head.getAttribute('scope') === null).length,
  };
}
