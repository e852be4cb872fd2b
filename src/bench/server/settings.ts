/** The bounds of what the embedded server may be asked for. */
import { UsageError } from '../../errors.js';
import { SEEDS } from '../../server/random.js';
import { checkBodies } from '../bodies.js';
import { ENCODINGS, type ServerSettings } from '../report.js';

/** Milliseconds: longer than that no client waits by default. */
const LONGEST_LATENCY = 60_000;

/** @throws UsageError that names the option and the value */
export function checkServerSettings({ bodies, encoding, latency, errorRate, bandwidth, seed }: ServerSettings): void {
  if (!ENCODINGS.includes(encoding)) {
    throw new UsageError(`--content-encoding ${encoding as string} is unknown`, `give one of ${ENCODINGS.join(', ')}`);
  }
  checkBodies(bodies, encoding);
  if (!(latency >= 0 && latency <= LONGEST_LATENCY)) {
    throw new UsageError(`--latency ${latency} is out of bounds`, `give milliseconds from 0 to ${LONGEST_LATENCY}`);
  }
  if (!(errorRate >= 0 && errorRate < 1)) {
    throw new UsageError(`--error-rate ${errorRate} is out of bounds`, 'give a share from 0 to below 1, such as 0.1');
  }
  if (!(Number.isSafeInteger(bandwidth) && bandwidth >= 0)) {
    throw new UsageError(`--bandwidth ${bandwidth} is out of bounds`, 'give bytes a second, or 0 for no bound');
  }
  if (!(Number.isInteger(seed) && seed >= 0 && seed < SEEDS)) {
    throw new UsageError(`--seed ${seed} is out of bounds`, `give a whole number from 0 to ${SEEDS - 1}`);
  }
}
