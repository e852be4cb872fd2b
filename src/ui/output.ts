/** Standard output and standard error, which may be closed before the command ends: `| head -1`, a terminal that is gone. */

/** From now on, what nobody reads any more is lost, and nothing else: the downloads go on. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
