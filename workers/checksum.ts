/** Checksums of bodies: that which a list says, and that which a run is asked for. */
import { createHash, type Hash } from 'node:crypto';
import { SluiceError } from '../src/errors.js';
import type { Checksum, ChecksumAlgorithm } from '../src/item.js';
import type { StoreJob, StoredFile } from '../src/protocol/result.js';
import type { StoreSettings } from '../src/protocol/settings.js';

/** Of a body that comes in parts. */
export class PartsDigest {
  readonly #job: StoreJob;
  readonly #computed: ChecksumAlgorithm | undefined;
  readonly #hashes = new Map<ChecksumAlgorithm, Hash>();

  constructor(job: StoreJob, { computeHash }: StoreSettings) {
    this.#job = job;
    this.#computed = computeHash;
    for (const algorithm of [job.checksum?.algorithm, computeHash]) {
      if (algorithm !== undefined) this.#hashes.set(algorithm, createHash(algorithm));
    }
  }

  readonly update = (part: Uint8Array): void => {
    for (const hash of this.#hashes.values()) hash.update(part);
  };

  /** @returns what was asked for @throws SluiceError BODY_CHECKSUM */
  end(): Pick<StoredFile, 'checksum'> {
    const found = new Map([...this.#hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
    const { checksum, name } = this.#job;
    if (checksum !== undefined) compare(found.get(checksum.algorithm), checksum, name);
    const hex = this.#computed && found.get(this.#computed);
    return hex === undefined ? {} : { checksum: { algorithm: this.#computed as ChecksumAlgorithm, hex } };
  }
}

/** @throws SluiceError BODY_CHECKSUM for a body that is not what its list says */
export function checkBody(bytes: Uint8Array, { name, checksum }: StoreJob): void {
  if (checksum !== undefined) compare(digest(checksum.algorithm, bytes), checksum, name);
}

/** The checksum that a run is asked for, of what is stored. */
export function checksumFor(bytes: Uint8Array, { computeHash }: StoreSettings): Pick<StoredFile, 'checksum'> {
  if (computeHash === undefined) return {};
  return { checksum: { algorithm: computeHash, hex: digest(computeHash, bytes) } };
}

function digest(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function compare(found: string | undefined, { algorithm, hex }: Checksum, name: string): void {
  if (found === hex) return;
  throw new SluiceError('BODY_CHECKSUM', `${name}: its ${algorithm} is ${found}, and its list says ${hex}`, {
    hint: 'what is at the URL has changed, or the list is wrong: leave the checksum out to take what is there',
  });
}
