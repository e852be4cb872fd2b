import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { readItems, ShardDamage, type ShardItem } from '../../src/journal/tar-reader.js';
import { header, longHeader, padded } from '../../workers/ustar.js';
import { noise } from '../helpers/bodies.js';
import { scratch } from '../helpers/scratch.js';

const BODIES = [noise(700, 1), Buffer.alloc(0), noise(1_000, 3)];

function member(name: string, bytes: Uint8Array, isLong = false): Buffer {
  const fields = { name, size: bytes.length, mtime: 0 };
  const content = Buffer.alloc(padded(bytes.length));
  content.set(bytes);
  return Buffer.concat([isLong ? longHeader(fields) : header(fields), content]);
}

function describing(body: Uint8Array, name: string): Buffer {
  const sha256 = createHash('sha256').update(body).digest('hex');
  return Buffer.from(JSON.stringify({ url: `http://localhost/${name}`, name, size: body.length, sha256 }));
}

/** As workers/shards.ts writes it, the second member with a header that tells any size. */
function archive(): Buffer {
  const members = BODIES.flatMap((body, index) => [
    member(`00000000${index}.jpg`, body, index === 1),
    member(`00000000${index}.json`, describing(body, `${index}.jpg`)),
  ]);
  return Buffer.concat([...members, Buffer.alloc(1024)]);
}

async function read(path: string): Promise<ShardItem[]> {
  const items: ShardItem[] = [];
  for await (const item of readItems(path, true)) items.push(item);
  return items;
}

describe('a shard', () => {
  test('is read as it was written', async (t) => {
    const path = join(scratch(t), '00000.tar');
    writeFileSync(path, archive());
    const expected = BODIES.map((body, index): ShardItem => {
      const name = `${index}.jpg`;
      const answer = { status: 200, contentType: '', etag: '', lastModified: '' };
      return {
        index,
        size: body.length,
        crc32: crc32(body),
        whole: true,
        url: `http://localhost/${name}`,
        name,
        unproven: false,
        answer,
      };
    });
    assert.deepEqual(await read(path), expected);
  });

  test('that is cut anywhere before its end is damaged', async (t) => {
    const path = join(scratch(t), '00000.tar');
    const whole = archive();
    for (let length = 0; length < whole.length; length += 128) {
      writeFileSync(path, whole.subarray(0, length));
      await assert.rejects(read(path), ShardDamage, `${length} bytes`);
    }
  });

  test('of which a byte has changed is damaged, or its item is not whole, or the byte is of no account', async (t) => {
    const path = join(scratch(t), '00000.tar');
    const whole = archive();
    writeFileSync(path, whole);
    const expected = await read(path);
    for (let at = 0; at < whole.length; at += 61) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ 0x41;
      writeFileSync(path, bytes);
      const items = await read(path).catch((error: unknown) => {
        assert.ok(error instanceof ShardDamage, `byte ${at}: ${String(error)}`);
        return undefined;
      });
      for (const [position, item] of (items ?? []).entries()) {
        const { size, crc32: check, index } = expected[position] as ShardItem;
        if (item.whole) assert.deepEqual([item.index, item.size, item.crc32], [index, size, check], `byte ${at}`);
      }
    }
  });

  test('that claims sizes beyond all bounds costs no memory and no time', async (t) => {
    const path = join(scratch(t), '00000.tar');
    const body = longHeader({ name: '000000000.jpg', size: 2 ** 52, mtime: 0 });
    writeFileSync(path, Buffer.concat([body, Buffer.alloc(4096)]));
    await assert.rejects(read(path), ShardDamage);
    const text = header({ name: '000000000.json', size: 8 ** 11 - 1, mtime: 0 });
    writeFileSync(path, Buffer.concat([member('000000000.jpg', BODIES[0] as Buffer), text, Buffer.alloc(4096)]));
    await assert.rejects(read(path), /000000000\.json is too long/);
  });
});
