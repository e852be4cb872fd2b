/** Which programs this machine has. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where servers lie, which is not on everybody's path. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** All programs of a name, those on the path first. */
export function findPrograms(name: string): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...folders, ...MORE_FOLDERS])].map((folder) => join(folder, name)).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a program prints, on either stream; undefined if it fails. */
export function outputOf(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', '"$@" 2>&1', 'sh', program, ...args], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return undefined;
  }
}

/** The first thing in a program's output that looks like the number of a version. */
export function versionOf(program: string, option = '--version'): string {
  return /\d+(?:\.\d+)+/.exec(outputOf(program, [option]) ?? '')?.[0] ?? '?';
}
