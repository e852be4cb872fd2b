/** Which start of which machine this is. While it is the same, what a process wrote is there, even if it was killed. */
import { readFile } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';

export async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
  } catch {
    // Elsewhere: its name, and the minute in which it started. Where the clock was set since, what is in doubt is
    // downloaded once more.
    return `${hostname()} ${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}
