import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  claimedSize,
  duplicateAt,
  type DuplicateRecord,
  type EndRecord,
  failureAt,
  FRAME_HEADER_SIZE,
  FrameWriter,
  itemAt,
  payloadIn,
  refusedAt,
  type RefusedRecord,
  renamedAt,
  type RunRecord,
  storedAt,
  visitRecords,
} from '../../src/journal/format.js';

const RUN: RunRecord = {
  version: '1.2.3',
  started: '2026-11-21T00:00:00.000Z',
  pid: 7,
  boot: 'b',
  directory: '/somewhere',
  layout: 'tar',
  afresh: false,
  lists: [{ label: 'urls.txt', size: 5, changed: '2026-11-20T00:00:00.000Z' }],
};
const END: EndRecord = { complete: true, ended: '2026-11-21T00:00:01.000Z' };
const FAILURE = {
  status: 'not_found',
  code: 'HTTP_STATUS',
  message: 'the server answered 404 für ä',
  hint: '',
} as const;
const REFUSED: RefusedRecord = {
  source: 'urls.csv',
  line: 3,
  text: '',
  message: 'no URL',
  hint: 'write one',
  columns: { caption: 'ä', n: [1, null] },
};
const DUPLICATE: DuplicateRecord = { url: 'http://u:p@localhost/a', name: 'a', columns: { caption: 'another' } };

function written(): { frame: Buffer; records: unknown[] } {
  const writer = new FrameWriter();
  const key = { a: 1, b: 0xffff_ffff, c: 3 };
  writer.run(RUN);
  writer.item(0, key, 'http://u:p@localhost/a', 'ä/\u{1F600}.jpg');
  writer.item(4_294_967_295, key, 'http://localhost/', '');
  writer.renamed(0, 'ö/\u{1F600}.png', true);
  writer.renamed(4_294_967_295, '', false);
  writer.stored(0, { size: 2 ** 52, crc32: 0xdead_beef }, false);
  writer.stored(4_294_967_295, { size: 0, crc32: 0, shard: 0 }, true);
  writer.failed(9, FAILURE);
  writer.refused(10, REFUSED);
  writer.duplicate(11, DUPLICATE);
  writer.end(END);
  const records = [
    RUN,
    { index: 0, key, url: 'http://u:p@localhost/a', name: 'ä/\u{1F600}.jpg' },
    { index: 4_294_967_295, key, url: 'http://localhost/', name: '' },
    { name: 'ö/\u{1F600}.png', replaces: true },
    { name: '', replaces: false },
    { size: 2 ** 52, crc32: 0xdead_beef, unproven: false },
    { size: 0, crc32: 0, shard: 0, unproven: true },
    FAILURE,
    REFUSED,
    DUPLICATE,
    END,
  ];
  return { frame: writer.take(1000), records };
}

function read(payload: Buffer): unknown[] {
  const records: unknown[] = [];
  visitRecords(payload, 0, {
    run: (record) => records.push(record),
    item: (_index, bytes, at) => records.push(itemAt(bytes, at)),
    renamed: (_index, bytes, at) => records.push(renamedAt(bytes, at)),
    stored: (_index, bytes, at) => records.push(storedAt(bytes, at)),
    failed: (_index, bytes, at) => records.push(failureAt(bytes, at)),
    refused: (_index, bytes, at) => records.push(refusedAt(bytes, at)),
    duplicate: (_index, bytes, at) => records.push(duplicateAt(bytes, at)),
    end: (record) => records.push(record),
  });
  return records;
}

describe('a frame of a journal', () => {
  test('gives back what was put into it', () => {
    const { frame, records } = written();
    assert.equal(claimedSize(frame), frame.length);
    assert.deepEqual(read(payloadIn(frame, 1000) as Buffer), records);
    assert.deepEqual(read(payloadIn(Buffer.concat([frame, frame]), 1000) as Buffer), records);
  });

  test('takes records that are longer than its memory', () => {
    const writer = new FrameWriter();
    const url = `http://localhost/${'a'.repeat(300_000)}`;
    writer.item(1, { a: 1, b: 2, c: 3 }, url, 'b');
    writer.failed(1, { ...FAILURE, message: url });
    const frame = writer.take(0);
    assert.deepEqual(read(payloadIn(frame, 0) as Buffer), [
      { index: 1, key: { a: 1, b: 2, c: 3 }, url, name: 'b' },
      { ...FAILURE, message: url },
    ]);
    assert.equal(writer.size, 0);
  });

  test('is none when it is cut anywhere, lies elsewhere, or any one of its bits is another', () => {
    const { frame } = written();
    for (let length = 0; length < frame.length; length += 1) {
      assert.equal(payloadIn(frame.subarray(0, length), 1000), undefined, `${length} bytes`);
    }
    assert.equal(payloadIn(frame, 1001), undefined);
    for (let bit = 0; bit < 8 * frame.length; bit += 1) {
      const flipped = Buffer.from(frame);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(payloadIn(flipped, 1000), undefined, `bit ${bit}`);
    }
    assert.ok(FRAME_HEADER_SIZE < frame.length);
  });

  test('is refused before anybody reads a record of which the length leads out of it', () => {
    const writer = new FrameWriter();
    writer.item(1, { a: 1, b: 2, c: 3 }, 'http://localhost/a', 'a');
    const payload = Buffer.from(payloadIn(writer.take(0), 0) as Buffer);
    // Of the URL, and of the name.
    for (const at of [17, 21]) {
      const forged = Buffer.from(payload);
      forged.writeUInt32LE(0xf000_0000, at);
      let told = 0;
      assert.throws(() => visitRecords(forged, 0, { item: () => (told += 1) }), RangeError);
      assert.equal(told, 0);
    }
  });
});
