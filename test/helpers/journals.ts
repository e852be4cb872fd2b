/** Journals as a run that was killed at one moment or another leaves them. */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  claimedSize,
  FRAME_HEADER_SIZE,
  FrameWriter,
  itemAt,
  payloadIn,
  PREAMBLE,
  type RecordVisitor,
  renamedAt,
  storedAt,
  visitRecords,
} from '../../src/journal/format.js';

export interface Changes {
  /** Whether the records that items are stored stay. Default: true. */
  readonly stored?: boolean;
  /** Which start of the machine the runs were in. Default: as it is. */
  readonly boot?: string;
}

/** Tells of all records of a journal. */
export function readRecords(path: string, visitor: RecordVisitor): void {
  const bytes = readFileSync(path);
  for (let at = PREAMBLE.length; at < bytes.length;) {
    const rest = bytes.subarray(at);
    visitRecords(payloadIn(rest, at) as Buffer, at + FRAME_HEADER_SIZE, visitor);
    at += claimedSize(rest) as number;
  }
}

/** Frames of which the header is there. */
export function framesIn(path: string): number {
  const bytes = readFileSync(path);
  let frames = 0;
  for (let at = PREAMBLE.length; at + FRAME_HEADER_SIZE <= bytes.length; frames += 1) {
    at += claimedSize(bytes.subarray(at)) ?? bytes.length;
  }
  return frames;
}

/** Writes a journal anew without the end of its runs, and without what else was not written before the kill. */
export function asAfterKill(path: string, { stored = true, boot }: Changes = {}): void {
  const writer = new FrameWriter();
  readRecords(path, {
    run: (record) => writer.run({ ...record, ...(boot !== undefined && { boot }) }),
    item: (_index, payload, at) => {
      const { index, key, url, name } = itemAt(payload, at);
      writer.item(index, key, url, name);
    },
    renamed: (index, payload, at) => {
      const { name, replaces } = renamedAt(payload, at);
      writer.renamed(index, name, replaces);
    },
    stored: (index, payload, at) => {
      const { unproven, ...file } = storedAt(payload, at);
      if (stored) writer.stored(index, file, unproven);
    },
  });
  writeFileSync(path, Buffer.concat([PREAMBLE, writer.take(PREAMBLE.length)]));
}
