/** Whether a header may be sent, wherever it was given. */

/** Headers that say how a message is sent, not what is asked for: undici writes them, and refuses requests with others. */
const OF_CONNECTION = /^(?:connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

export type HeaderFault = 'no header' | 'of the connection';

/** RFC 9110, 5.5 and 5.6.2: a token, and a value without line breaks or control characters. */
export function headerFault(name: string, value: string): HeaderFault | undefined {
  // eslint-disable-next-line no-control-regex
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) return 'no header';
  return OF_CONNECTION.test(name) ? 'of the connection' : undefined;
}

/** `Name: value`; undefined if it is none. */
export function splitHeader(line: string): [name: string, value: string] | undefined {
  const colon = line.indexOf(':');
  return colon < 1 ? undefined : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}
