/** Axes: where a value stands, and which values are written beside them. */

export interface Scale {
  readonly kind: 'linear' | 'log';
  readonly least: number;
  readonly most: number;
  /** From least to most; on a logarithmic scale the powers of ten. */
  readonly ticks: readonly number[];
  /** 0 at the beginning of the axis to 1 at its end; what lies beyond them stands there, what is no number at 0. */
  readonly at: (value: number) => number;
}

/** Values of which the largest is more often the smallest than this are not told apart on a linear scale. */
const WIDE = 20;
/** Powers of ten that a logarithmic scale shows at the most. */
const DECADES = 5;

/** Linear from 0, or logarithmic where the values lie far apart; what is not above 0 has no part in that. */
export function scaleFor(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const most = Math.max(...positive);
  return most / Math.min(...positive) > WIDE ? logarithmic(Math.min(...positive), most) : linear(most);
}

/** From 0 to the first round number that is not below `most`. */
export function linear(most: number, intervals = 4): Scale {
  const top = Number.isFinite(most) && most > 0 ? most : 1;
  const step = roundUp(top / intervals);
  const count = Math.ceil(top / step - 1e-9);
  const end = exact(count * step);
  return {
    kind: 'linear',
    least: 0,
    most: end,
    ticks: Array.from({ length: count + 1 }, (_, index) => exact(index * step)),
    at: (value) => within(value / end),
  };
}

/** Of time: it ends where the run does, not at the next round number. */
export function linearTo(most: number, intervals?: number): Scale {
  const round = linear(most, intervals);
  return { ...round, most, at: (value) => value / most, ticks: round.ticks.filter((tick) => tick <= most) };
}

/** From the power of ten below `least`, clearly below it so that its bar is seen, to a round number. */
function logarithmic(least: number, most: number): Scale {
  const end = roundUp(most);
  const to = Math.log10(end);
  const from = Math.max(Math.floor(Math.log10(least / 1.2)), Math.ceil(to) - DECADES);
  const decades = Math.floor(to + 1e-9) - from;
  return {
    kind: 'log',
    least: 10 ** from,
    most: end,
    ticks: Array.from({ length: decades + 1 }, (_, index) => 10 ** (from + index)),
    at: (value) => (value > 0 ? within((Math.log10(value) - from) / (to - from)) : 0),
  };
}

/** The first of 1, 2, 5, 10, 20, 50 ... that is not below the value. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  const factor = [1, 2, 5].find((factor) => factor * power >= value * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** 3 x 0.1 is 0.3. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

function within(share: number): number {
  return share > 0 ? Math.min(1, share) : 0;
}
