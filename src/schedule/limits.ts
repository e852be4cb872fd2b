/** The limits that a run is asked to keep: of most runs there are none, and nothing is made for them. */
import { Throttle } from '../fetch/throttle.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { AutoRequests } from './auto-requests.js';
import { ByteRate, ByteRatePerHost } from './byte-rate.js';
import type { GlobalLimit } from './gate.js';
import type { Limit } from './limit.js';
import { Rate, RatePerHost, WaitPerHost } from './rate.js';

type Asked = Pick<
  ResolvedOptions,
  'maxRequests' | 'maxRequestsPerHost' | 'rate' | 'ratePerHost' | 'waitPerHost' | 'limitRate' | 'limitRatePerHost'
>;

/** Whether the number of requests in a time is limited, so that each has to be told of before it is sent. */
export function limitsRequests(asked: Asked): boolean {
  return asked.maxRequests === 'auto' || rations(asked) || limitsBytes(asked);
}

/** Whether a server is asked only so often, so that no request to it is to be broken off for others. */
export function rations({ rate, ratePerHost, waitPerHost }: Asked): boolean {
  return (rate ?? ratePerHost ?? waitPerHost) !== undefined;
}

function limitsBytes({ limitRate, limitRatePerHost }: Asked): boolean {
  return (limitRate ?? limitRatePerHost) !== undefined;
}

/** What counts the bytes that are read; undefined where nothing limits them. */
export function throttleOf(asked: Asked): Throttle | undefined {
  if (!limitsBytes(asked)) return undefined;
  const { limitRate: total, limitRatePerHost: perHost } = asked;
  return new Throttle({ total, perHost, clock: () => performance.now() });
}

/** On each server. */
export function limitsOf(asked: Asked, throttle: Throttle | undefined): readonly Limit[] {
  const { maxRequests, maxRequestsPerHost, ratePerHost, waitPerHost, limitRatePerHost } = asked;
  const limits: Limit[] = [];
  if (maxRequests === 'auto') limits.push(new AutoRequests(maxRequestsPerHost));
  if (ratePerHost !== undefined) limits.push(new RatePerHost(ratePerHost));
  if (waitPerHost !== undefined) limits.push(new WaitPerHost(waitPerHost, Math.random));
  if (throttle !== undefined && limitRatePerHost !== undefined) limits.push(new ByteRatePerHost(throttle));
  return limits;
}

/** On all of them together. */
export function globalLimitsOf({ rate, limitRate }: Asked, throttle: Throttle | undefined): readonly GlobalLimit[] {
  const limits: GlobalLimit[] = [];
  if (rate !== undefined) limits.push(new Rate(rate));
  if (throttle !== undefined && limitRate !== undefined) limits.push(new ByteRate(throttle));
  return limits;
}
