/** Blanks, and what nobody sees, which editors, spreadsheets and web pages leave around a URL. */

/** Any space, the byte order mark, zero-width space, non-joiner and joiner, word joiner; no end of a line. */
const INVISIBLE = /^[\p{Space_Separator}\t\ufeff\u200b-\u200d\u2060]$/u;

/** Without those around it. Not by one pattern, which would take the square of the time of a long run of them. */
export function withoutInvisible(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && INVISIBLE.test(text.charAt(start))) start += 1;
  while (end > start && INVISIBLE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
