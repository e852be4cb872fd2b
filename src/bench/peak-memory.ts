/** How much memory a process took. */
import { readFileSync } from 'node:fs';

/**
 * Bytes that were resident at the most. `getrusage` counts from the fork on, when this was still a copy of its parent, as
 * large as that; where Linux tells it of the program alone (proc(5): VmHWM), that is taken.
 */
export function peakMemory(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // Another system.
  }
  return process.resourceUsage().maxRSS * 1024;
}
