/**
 * A text in memory that is used again and again, as UTF-16 code units. From there it is read in a third of the time
 * that `charCodeAt` takes, and nothing is left to collect: that is most of what planning a long list costs.
 */

/** What is in a text; of several kinds of code units, several of these. */
export const Has = {
  /** Beyond ASCII, or a control character other than the tab. */
  other: 1,
  tab: 2,
  /** Printable, but not written so in a normalised URL, or with a meaning of its own: blanks, `#`, `\`, brackets. */
  unusual: 4,
  percent: 8,
  questionMark: 16,
  /** Anything but letters, digits, `_`, `.` and `-`. */
  beyondNames: 32,
} as const;

const BEYOND = Has.other | Has.unusual | Has.beyondNames;
const LF = 0x0a;
const TILDE = 0x7e;

/** What each code unit of Latin-1 is. */
const KINDS = Uint8Array.from({ length: 256 }, (_, unit) => {
  const character = String.fromCharCode(unit);
  if (/[\w.-]/.test(character)) return 0;
  if (character === '\t') return Has.tab | Has.unusual | Has.beyondNames;
  if (unit < 0x20 || unit > TILDE) return BEYOND;
  if (character === '%') return Has.percent | Has.beyondNames;
  if (character === '?') return Has.questionMark | Has.beyondNames;
  return /[~!$&()*+,;=:@/]/.test(character) ? Has.beyondNames : Has.unusual | Has.beyondNames;
});

/** Zeros that follow the text, for who reads it in blocks. */
const PADDING = 8;

export class CodeUnits {
  /** The text, from its start; zeros from {@link length} on, for a block of eight. */
  units = new Uint16Array(1024);
  length = 0;
  /** What is in it: some of {@link Has}. */
  kinds = 0;

  load(text: string): void {
    this.cut(0);
    this.append(text);
  }

  append(text: string): void {
    const start = this.length;
    this.#reserve(start + text.length);
    const { units } = this;
    let kinds = this.kinds;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      units[start + at] = unit;
      kinds |= unit < KINDS.length ? KINDS[unit]! : BEYOND;
    }
    this.#end(start + text.length);
    this.kinds = kinds;
  }

  /**
   * Takes every byte for a code unit, as Latin-1 does, up to the end of the line, or to `limit`.
   * @returns where that is
   */
  loadLine(bytes: Uint8Array, start: number, limit: number): number {
    this.#reserve(limit - start);
    const { units } = this;
    let kinds = 0;
    let at = start;
    for (; at < limit; at += 1) {
      const byte = bytes[at]!;
      if (byte === LF) break;
      units[at - start] = byte;
      kinds |= KINDS[byte]!;
    }
    this.#end(at - start);
    this.kinds = kinds;
    return at;
  }

  /** Keeps only the start of the text. */
  cut(length: number): void {
    this.#end(length);
    this.kinds = this.kindsOf(0, length);
  }

  kindsOf(start: number, end: number): number {
    let kinds = 0;
    for (let at = start; at < end; at += 1) {
      const unit = this.units[at]!;
      kinds |= unit < KINDS.length ? KINDS[unit]! : BEYOND;
    }
    return kinds;
  }

  #reserve(length: number): void {
    if (length + PADDING <= this.units.length) return;
    const grown = new Uint16Array(2 * length + PADDING);
    grown.set(this.units);
    this.units = grown;
  }

  #end(length: number): void {
    for (let at = length; at < length + PADDING; at += 1) this.units[at] = 0;
    this.length = length;
  }
}
