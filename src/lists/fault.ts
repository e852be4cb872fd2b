/** What is wrong with a line of a list. */

/** What is wrong with a line. */
export interface Fault {
  readonly message: string;
  /** What to do about it, as a sentence without a full stop. */
  readonly hint: string;
}
