/** What other programs did to the machine while a run was measured. */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel's own tick is (USER_HZ). */
const TICK = 0.01;

/** Seconds of all processors since the machine started that somebody used or the host took away; null where nobody tells. */
export function busySeconds(): number | null {
  try {
    // proc(5): user nice system idle iowait irq softirq steal; guests are counted as user.
    const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return TICK * (user + nice + system + irq + softirq + steal);
  } catch {
    return null;
  }
}
