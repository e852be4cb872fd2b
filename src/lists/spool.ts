/** A stream as a file that has no name: it is gone when it is closed, or when the process ends. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function spool(chunks: AsyncIterable<Uint8Array>): Promise<FileHandle> {
  const path = join(tmpdir(), `sluice-list-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    for await (const chunk of chunks) await file.write(chunk);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}
