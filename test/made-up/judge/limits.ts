/** How much is asked for at once, as the servers saw it. */
import type { Logged } from '../origins.js';
import type { Rule } from './case.js';

/** Milliseconds after which a server knows of a connection that its client has closed. */
const UNTIL_CLOSED = 150;

export const keepsToItsRequests: Rule = function* ({ scenario: { settings, origins }, run: { log, ended } }) {
  const grace = UNTIL_CLOSED + ended.stall;
  const most = mostAtOnce(log, grace);
  if (most > settings.maxRequests) yield `${most} requests at once, at most ${settings.maxRequests}`;
  const { maxRequestsPerHost } = settings;
  if (maxRequestsPerHost === undefined) return;
  for (let origin = 0; origin < origins; origin += 1) {
    const there = mostAtOnce(
      log.filter((logged) => logged.origin === origin),
      grace,
    );
    if (there > maxRequestsPerHost)
      yield `${there} requests at once to server ${origin}, at most ${maxRequestsPerHost}`;
  }
};

function mostAtOnce(log: readonly Logged[], grace: number): number {
  const changes = log.flatMap(({ begun, ended, left }): [at: number, by: number][] => {
    const end = left ? ended - grace : ended;
    return end > begun
      ? [
          [begun, 1],
          [end, -1],
        ]
      : [];
  });
  // At the same moment, what ends makes room for what begins.
  changes.sort(([a, up], [b, down]) => a - b || up - down);
  let [now, most] = [0, 0];
  for (const [, by] of changes) most = Math.max(most, (now += by));
  return most;
}
