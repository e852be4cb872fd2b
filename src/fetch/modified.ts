/** When a file was changed last, as its server says. */

/** As C's asctime has it, without a zone: one of the three forms of dates in HTTP (RFC 9110, 5.6.7), all of them in GMT. */
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;
/** Milliseconds by which a server's clock may be ahead. */
const AHEAD = 86_400_000;

/**
 * Milliseconds since 1970.
 *
 * @param lastModified as received
 * @returns undefined for what is no date, and for one that cannot be: before 1970, or more than a day ahead
 */
export function timeOf(lastModified: string, now = Date.now()): number | undefined {
  const text = ASCTIME.test(lastModified) ? `${lastModified} GMT` : lastModified;
  if (!text.endsWith(' GMT')) return undefined;
  const time = Date.parse(text);
  return time >= 0 && time <= now + AHEAD ? time : undefined;
}
