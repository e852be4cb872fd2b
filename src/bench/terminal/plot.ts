/** Plots of characters, for a terminal. */
import type { Scale } from '../../charts/ticks.js';
import { short } from '../../charts/numbers.js';

const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A bar to the value on an axis of so many characters, to an eighth of one; what is more than nothing is seen. */
export function barOf(value: number, scale: Scale, width: number): string {
  const eighths = Math.max(value > 0 ? 1 : 0, Math.round(scale.at(value) * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + PARTS[eighths % 8]!;
}

/** The ticks' values in their places; those that would run into the one before are left out. */
export function axisOf({ ticks, at }: Scale, width: number): string {
  return ticks.reduce((line, tick) => {
    const column = Math.round(at(tick) * width);
    const isFree = line === '' || line.length < column;
    return isFree ? line.padEnd(column) + short(tick) : line;
  }, '');
}

/** A character for each part of the time: the largest value within it. Fewer than `width` if there are fewer values. */
export function sparkline(values: readonly number[], scale: Scale, width: number): string {
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part, part + 1].map((edge) => Math.round((edge * values.length) / count));
    const level = Math.floor(scale.at(Math.max(...values.slice(from, to))) * LEVELS.length);
    return LEVELS[Math.min(level, LEVELS.length - 1)];
  }).join('');
}
