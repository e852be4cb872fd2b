/** What a server does to each request, by chance. */

import { mulberry32 } from './random.js';

export interface Choice {
  readonly delayed: boolean;
  /** `answer` as asked, `unavailable` is a 503, `reset` cuts the connection without an answer. */
  readonly fate: 'answer' | 'unavailable' | 'reset';
}

export interface Rates {
  /** The share of the requests that are delayed, 0 to 1. */
  readonly delayRate: number;
  /** The share of the requests that fail, 0 to 1: half of them unavailable, half reset. */
  readonly errorRate: number;
}

/** A function that returns the choice for the next request; equal seeds give equal sequences. */
export function choices({ delayRate, errorRate }: Rates, seed: number): () => Choice {
  const random = mulberry32(seed);
  return () => {
    // Three numbers for every request, used or not: a rate that changes leaves the other choices as they were.
    const [delay, failure, kind] = [random(), random(), random()] as const;
    return {
      delayed: delay < delayRate,
      fate: failure >= errorRate ? 'answer' : kind < 0.5 ? 'unavailable' : 'reset',
    };
  };
}
