/** The version of the program. */
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');

/** With the address of the project, where it has one. */
export const { version, homepage } = JSON.parse(text) as { version: string; homepage?: string };
