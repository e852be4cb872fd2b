/** Why an answer cannot be read, however leniently. */
export class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer';
  readonly code = 'SLUICE_BROKEN_ANSWER';
}

/** The connection ended before the answer did. */
export class CutAnswer extends Error {
  override readonly name = 'CutAnswer';
  readonly code = 'SLUICE_CUT_ANSWER';
}
