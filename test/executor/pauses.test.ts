import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pauses } from '../../src/executor/pauses.js';

test('a sender that has to pause counts once until there is room, and everything is passed on', () => {
  const pauses = new Pauses();
  const seen: string[] = [];
  let giveRoom = (): void => assert.fail('not opened');
  const writer = pauses.counted(
    (onRoom) => {
      giveRoom = onRoom;
      return {
        write: (chunk) => {
          seen.push(`write ${chunk.length}`);
          return chunk.length < 2;
        },
        end: () => seen.push('end'),
        abort: () => seen.push('abort'),
      };
    },
    () => seen.push('room'),
  );
  assert.equal(writer.write(Buffer.alloc(1)), true);
  assert.equal(pauses.count, 0);
  assert.equal(writer.write(Buffer.alloc(2)), false);
  assert.equal(writer.write(Buffer.alloc(3)), false);
  assert.equal(pauses.count, 1);
  giveRoom();
  giveRoom();
  assert.equal(pauses.count, 0);
  writer.end();
  writer.abort();
  assert.deepEqual(seen, ['write 1', 'write 2', 'write 3', 'room', 'room', 'end', 'abort']);
});
