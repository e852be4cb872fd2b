/** The sites that serve flags: the labels of the book's flags2 scripts, and where they are. */

import { UsageError } from '../errors.js';

/** The sites that `sluice serve` provides, and their TCP ports on localhost. */
export const LOCAL_PORTS = { LOCAL: 8001, DELAY: 8002, ERROR: 8003 } as const;

export type LocalLabel = keyof typeof LOCAL_PORTS;
export type Label = 'REMOTE' | LocalLabel;

/** The base URL of each site, without a slash at the end. */
export const SITES: Readonly<Record<Label, string>> = {
  REMOTE: 'https://www.fluentpython.com/data/flags',
  LOCAL: `http://localhost:${LOCAL_PORTS.LOCAL}/flags`,
  DELAY: `http://localhost:${LOCAL_PORTS.DELAY}/flags`,
  ERROR: `http://localhost:${LOCAL_PORTS.ERROR}/flags`,
};

/**
 * The label that `text` names, in any case.
 *
 * @throws UsageError for any other text
 */
export function parseLabel(text: string): Label {
  const label = text.toUpperCase();
  if (isLabel(label)) return label;
  throw new UsageError(
    `${JSON.stringify(text)} is no server label`,
    `give one of ${Object.keys(SITES).join(', ')}, in any case`,
  );
}

function isLabel(text: string): text is Label {
  return Object.hasOwn(SITES, text);
}

/** Where a site keeps the flag of a country: `{base}/{cc}/{cc}.gif`, the code in lower case. */
export function flagUrl(base: string, code: string): string {
  const cc = code.toLowerCase();
  return `${base}/${cc}/${cc}.gif`;
}
