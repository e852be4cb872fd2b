import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SluiceError } from '../../src/errors.js';
import { fetchList } from '../../src/fetch/list.js';
import { answer, type Script, startRawServer } from '../helpers/raw-server.js';

async function fetched(script: Script): Promise<{ text: string; requests: number }> {
  await using server = await startRawServer({ onRequest: () => script });
  const { origin } = server;
  const chunks: Uint8Array[] = [];
  for await (const chunk of fetchList(
    { url: `${origin}/l`, origin, path: '/l' },
    { timeout: 60_000, headers: [], userAgent: undefined },
  )) {
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString(), requests: server.requests.length };
}

describe('a list at a URL', () => {
  it('is asked for once', async () => {
    assert.deepEqual(await fetched([answer('http://h/a\n')]), { text: 'http://h/a\n', requests: 1 });
  });

  for (const [what, bytes] of [
    [
      'an interim answer comes before it',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhttp://h/a\n`,
    ],
    ['its answer breaks the rules', `HTTP/1.1 200 OK\nX: a\n b\nContent-Length: 11\n\nhttp://h/a\n`],
  ] as const) {
    it(`is asked for once more where ${what}, and read leniently`, async () => {
      assert.deepEqual(await fetched([bytes]), { text: 'http://h/a\n', requests: 2 });
    });
  }

  it('is refused where its answer cannot be read, however leniently', async () => {
    await assert.rejects(
      fetched(['SSH-2.0-OpenSSH_9.6\r\n']),
      (error) => error instanceof SluiceError && error.code === 'HTTP_BROKEN',
    );
  });
});
