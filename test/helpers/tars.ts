/** Shards as others read them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Description {
  readonly url: string;
  readonly name: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly size: number;
  readonly sha256: string;
}

/** Why a program that reads archives cannot be had here; false if it can. */
export const noGnuTar: string | false = spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout?.includes(
  'GNU tar',
)
  ? false
  : 'needs GNU tar';
export const noPython: string | false =
  spawnSync('python3', ['-c', 'import tarfile']).status === 0 ? false : 'needs python3';

function run(...command: readonly string[]): string {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout;
}

/** Each member as GNU tar lists it; fails if it has anything to complain of. */
export function listedByTar(path: string): string[] {
  return run('tar', '-tvf', path).trimEnd().split('\n');
}

/** Names and sizes as Python's tarfile reads them, every header checked and any warning an error. */
export function listedByPython(path: string): [name: string, size: number][] {
  const script = `
import json, sys, tarfile
with tarfile.open(sys.argv[1], errorlevel=2) as archive:
    print(json.dumps([(member.name, member.size) for member in archive]))`;
  return JSON.parse(run('python3', '-W', 'error', '-c', script, path)) as [string, number][];
}

/** A member's bytes, told by this test's own reader: the format's fields at their offsets (POSIX pax, table 4-13). */
export function membersOf(archive: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  let longSize: number | undefined;
  let at = 0;
  while (archive[at] !== 0) {
    const field = (from: number, to: number): string =>
      archive.toString('latin1', at + from, at + to).replace(/\0.*$/s, '');
    const size = longSize ?? parseInt(field(124, 136), 8);
    const content = archive.subarray(at + 512, at + 512 + size);
    longSize = undefined;
    if (field(156, 157) === 'x') {
      longSize = Number(/^\d+ size=(\d+)\n$/.exec(content.toString('latin1'))?.[1]);
    } else {
      assert.ok(!members.has(field(0, 100)), `${field(0, 100)} is there twice`);
      members.set(field(0, 100), content);
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  const rest = archive.subarray(at);
  assert.ok(rest.length >= 1024 && rest.equals(Buffer.alloc(rest.length)), 'something follows the end');
  return members;
}

/** The bodies in shards, by the names of their items; fails unless each has its description and both agree. */
export function bodiesIn(archives: Iterable<Buffer>): Map<string, { body: Buffer; description: Description }> {
  const bodies = new Map<string, { body: Buffer; description: Description }>();
  for (const archive of archives) {
    assert.equal(archive.length % 10_240, 0);
    const members = [...membersOf(archive)];
    for (let i = 0; i < members.length; i += 2) {
      const [[bodyName, body], [descriptionName, text]] = members.slice(i, i + 2) as [
        [string, Buffer],
        [string, Buffer],
      ];
      assert.equal(descriptionName, bodyName.replace(/\..*/, '.json'));
      const description = JSON.parse(text.toString()) as Description;
      assert.equal(description.size, body.length);
      assert.equal(description.sha256, createHash('sha256').update(body).digest('hex'));
      assert.equal(description.status, 200);
      assert.ok(!bodies.has(description.name), `${description.name} is there twice`);
      bodies.set(description.name, { body, description });
    }
  }
  return bodies;
}

/** Names of the items that are whole in a shard that is not sealed, up to where it is torn. */
export function wholeIn(part: Buffer): string[] {
  const names: string[] = [];
  let body: Buffer | undefined;
  for (let at = 0; at + 512 <= part.length && part[at] !== 0;) {
    const [type, size] = [
      part.toString('latin1', at + 156, at + 157),
      parseInt(part.toString('latin1', at + 124, at + 135), 8),
    ];
    const content = part.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (at > part.length) break;
    // What it tells is in the next header, too: no test has members of 8 GiB.
    if (type === 'x') continue;
    if (body === undefined) {
      body = content;
      continue;
    }
    const { name, sha256 } = JSON.parse(content.toString()) as Description;
    assert.equal(sha256, createHash('sha256').update(body).digest('hex'));
    names.push(name);
    body = undefined;
  }
  return names;
}

/** Paths of the shards in a folder, in their order. */
export function shardsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tar'))
    .toSorted()
    .map((name) => join(folder, name));
}
