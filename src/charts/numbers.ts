/** Numbers as people read them in charts and tables. */

export const UNKNOWN = '–';

/** `12,500`: of what is counted. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Of what is measured, two or three digits: `0.012`, `1.25`, `12.5`, `125`, `12,500`. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 99.95) return count(value);
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.9995) return value.toFixed(2);
  if (size < 0.0005) return '<0.001';
  return value.toFixed(size < 0.0995 ? 3 : 2);
}

/** As short as can be, for the ticks of an axis: `0.5`, `20`, `1k`, `2.5M`. */
export function short(value: number): string {
  const [divisor, unit] = value >= 1e6 ? [1e6, 'M'] : value >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / divisor).toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 })}${unit}`;
}
