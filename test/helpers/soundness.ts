/** What must hold after every run, whatever happened in it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Ran, type RunOptions, sluice, warmSluice } from './cli.js';
import { entriesBelow } from './folders.js';
import { scratch } from './scratch.js';

/** Bodies by the names that their files shall have below the destination. */
export type Bodies = Readonly<Record<string, Uint8Array>>;

/** What a run said of itself in `--report`. */
export interface Reported {
  readonly ok: number;
  readonly notFound: number;
  readonly errors: number;
  readonly duplicates: number;
  readonly bytes: number;
  readonly causes: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly index: number; readonly url: string; readonly code: string }[];
}

/** What the program keeps below the destination for its next run; what is unfinished only where a run can go on with it. */
const KEPT = /^\.sluice\/(?:(?:journal|lock)[^/]*|partial(?:\/[0-9a-f]{24}(?:\.json)?)?)$/;

/** A place to download to, with canaries all around the destination, in its working directory and above. */
export class Place {
  /** The working directory. */
  readonly cwd: string;
  /** The destination: `d` in the working directory. */
  readonly directory: string;
  /** A folder with a canary, for links to lead to. */
  readonly elsewhere: string;
  readonly #outer: string;
  readonly #report: string;
  readonly #before: string;
  readonly #warm: boolean;

  /** @param warm whether runs that are not to be told apart from others share a process */
  constructor(t: { after(fn: () => void): void }, warm = false) {
    this.#warm = warm;
    const root = scratch(t);
    this.#outer = join(root, 'outer');
    this.#report = join(root, 'report.json');
    this.cwd = join(this.#outer, 'work');
    this.elsewhere = join(this.#outer, 'elsewhere');
    this.directory = join(this.cwd, 'd');
    mkdirSync(this.cwd, { recursive: true });
    mkdirSync(this.elsewhere);
    for (const folder of [this.#outer, this.cwd, this.elsewhere]) writeFileSync(join(folder, 'canary'), folder);
    this.#before = this.#surroundings();
  }

  /** Runs `sluice get` in it, with a report. */
  async get(
    args: readonly string[],
    options: Omit<RunOptions, 'cwd'> = {},
  ): Promise<Ran & { readonly report: Reported | undefined }> {
    writeFileSync(this.#report, '');
    const line = ['get', '-d', 'd', '--report', this.#report, ...args];
    const { cwd } = this;
    const { env, ...others } = options;
    const isPlain = Object.keys(others).length === 0;
    const ran = await (this.#warm && isPlain ? warmSluice(line, { cwd, env }) : sluice(line, { cwd, ...options }));
    const text = readFileSync(this.#report, 'utf8');
    return { ...ran, report: text === '' ? undefined : (JSON.parse(text) as Reported) };
  }

  /** {@link assertSound} for its destination, and that nothing outside it was touched. */
  assertSound(expected: Bodies, how: How = {}): void {
    assertSound(this.directory, expected, how);
    this.assertSurroundings();
  }

  assertSurroundings(): void {
    assert.equal(this.#surroundings(), this.#before, 'something outside the destination was touched');
  }

  #surroundings(): string {
    const list = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        if (path === this.directory) return [];
        if (entry.isDirectory()) return [`${path}/`, ...list(path)];
        return [`${path}: ${entry.isFile() ? readFileSync(path, 'utf8') : 'no file'}`];
      });
    return list(this.#outer).toSorted().join('\n');
  }
}

export interface How {
  /** Whether some of the files may be missing. Default: all are there. */
  readonly some?: boolean;
  /** What else lies there, links among it; it must be there still. Of a link the value is what it leads to. */
  readonly besides?: Readonly<Record<string, string | undefined>>;
}

/** Asserts that final names hold whole bodies, and that nothing else lies below the destination. */
export function assertSound(directory: string, expected: Bodies, { some = false, besides = {} }: How = {}): void {
  const found = new Set<string>();
  for (const entry of entriesBelow(directory)) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(directory, path);
    if (KEPT.test(name)) continue;
    if (name in besides) {
      if (besides[name] !== undefined) assert.equal(readlinkSync(path), besides[name], name);
      found.add(name);
      continue;
    }
    if (entry.isDirectory()) {
      // Folders of unfinished files are gone with them.
      assert.ok(!/^\.sluice\/./.test(name), `${name} was left behind`);
      continue;
    }
    assert.ok(lstatSync(path).isFile(), `${name} is no file`);
    const body = expected[name];
    assert.ok(body !== undefined, `${name} was left behind`);
    assert.equal(digest(readFileSync(path)), digest(body), `${name} is torn`);
    found.add(name);
  }
  for (const name of Object.keys(besides)) assert.ok(found.has(name), `${name} is gone`);
  if (some) return;
  for (const name of Object.keys(expected)) assert.ok(found.has(name), `${name} is missing`);
}

/** How many of the files are there. */
export function storedOf(directory: string, expected: Bodies): string[] {
  return Object.keys(expected).filter((name) => lstatSync(join(directory, name), { throwIfNoEntry: false })?.isFile());
}

function digest(bytes: Uint8Array): string {
  return `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`;
}
