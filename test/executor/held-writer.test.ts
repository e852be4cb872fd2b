import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BodyWriter } from '../../src/body.js';
import { HeldWriter } from '../../src/executor/held-writer.js';

/** A writer that writes down what it is told, and has room for some chunks. */
function recorder(room: number): { readonly told: string[]; readonly writer: BodyWriter } {
  const told: string[] = [];
  const writer: BodyWriter = {
    write: (chunk) => {
      told.push(Buffer.from(chunk).toString());
      return told.length <= room;
    },
    end: () => told.push('end'),
    abort: () => told.push('abort'),
  };
  return { told, writer };
}

function held(): { readonly events: string[]; readonly body: HeldWriter } {
  const events: string[] = [];
  return { events, body: new HeldWriter({ onRoom: () => events.push('room'), onLeft: () => events.push('left') }) };
}

describe('a writer that is not there yet', () => {
  test('makes the sender pause, and gets what came when it is there', () => {
    const { events, body } = held();
    assert.equal(body.write(Buffer.from('a')), false);
    const { told, writer } = recorder(2);
    body.open(writer);
    assert.deepEqual([told, events], [['a'], ['room']]);
    assert.equal(body.write(Buffer.from('b')), true);
    assert.equal(body.write(Buffer.from('c')), false);
    body.end();
    assert.deepEqual(told, ['a', 'b', 'c', 'end']);
  });

  test('that has no room for what came lets the sender wait', () => {
    const { events, body } = held();
    body.write(Buffer.from('a'));
    body.open(recorder(0).writer);
    assert.deepEqual(events, []);
  });

  test('is told of an end that came before, and not of a body that broke off', () => {
    const whole = held();
    whole.body.write(Buffer.from('a'));
    whole.body.end();
    const { told, writer } = recorder(9);
    whole.body.open(writer);
    assert.deepEqual([told, whole.events], [['a', 'end'], []]);
    const broken = held();
    broken.body.write(Buffer.from('a'));
    broken.body.abort();
    assert.ok(broken.body.aborted);
    assert.deepEqual(broken.events, ['left']);
  });

  test('is not needed for a body that is not to be stored', () => {
    const { events, body } = held();
    body.write(Buffer.from('a'));
    body.end();
    body.open(undefined);
    assert.deepEqual(events, ['left']);
  });
});
