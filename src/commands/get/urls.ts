/** URLs as people type them: without a scheme they are http, as for curl; and a file of URLs is no URL. */
import { existsSync } from 'node:fs';
import { UsageError } from '../../errors.js';
import { HOST_LIKE } from '../../shared/host-like.js';
import { printable } from '../../shared/printable.js';

/** @throws UsageError for the name of a file, for which --input-file was meant */
export function withScheme(text: string): string {
  const [, port, rest] = HOST_LIKE.exec(text) ?? [];
  if (rest === undefined) return text;
  if (port === undefined && existsSync(text)) {
    throw new UsageError(
      `${printable(text, 1000)} is a file here, and no URL`,
      `read it as a list: -i ${printable(text, 1000)}; or write http:// before it`,
    );
  }
  return `http://${text}`;
}
