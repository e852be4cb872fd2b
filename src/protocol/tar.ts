/** What crosses to the thread that writes shards, and back. */
import type { PlainError } from '../errors.js';
import type { StoredFile } from './result.js';
import type { StoreSettings } from './settings.js';
import type { BatchTask, LargeTask, StoreFailure } from './messages.js';
import type { Times } from './times.js';

/** What a body's description in a shard tells of it besides what the store finds out. */
export interface Description {
  /** The item's number in its run: it makes the member's name. */
  readonly index: number;
  /** Without a password. */
  readonly url: string;
  /** Of the answer, those that matter: name, value, name, value ... */
  readonly headers: readonly string[];
  /** The end of its body was the end of the connection. */
  readonly unproven?: true;
  /** What its list says of what is in it: a member of its own. */
  readonly caption?: string;
}

/** A shard that an earlier run has begun and not sealed: this one goes on with it. */
export interface PartShard {
  readonly number: number;
  /** Bytes of it that count: whole members. */
  readonly end: number;
  /** Bodies in them. */
  readonly bodies: number;
}

/** How the thread that writes shards is set up: it lives as long as its run, unlike a pool's worker. */
export interface TarSettings {
  readonly store: StoreSettings;
  /** Bytes of a shard at the most, unless one body alone is larger. */
  readonly shardSize: number;
  /** The number of the first shard. */
  readonly firstShard: number;
  /** Folder of shards that are not sealed, absolute, on the file system of the destination. */
  readonly unsealed: string;
  /** What an earlier run has left there. */
  readonly parts: readonly PartShard[];
  /** All bodies go into one shard, of this number, however large it gets: it is sealed when nothing more comes. */
  readonly only: number | undefined;
  /** When the run began, in seconds since 1970: the time of members whose server tells none. */
  readonly started: number;
}

/**
 * `seal`: the shards that are open get their final names; `leave`: they stay as they are, for who goes on with them. Comes
 * when nothing else is under way.
 */
export type TarTask = TarBatchTask | TarLargeTask | 'seal' | 'leave';

/** Bodies are numbered by who sends them; those of a batch in turn, from `first`. */
export interface TarBatchTask extends BatchTask {
  readonly first: number;
  readonly descriptions: readonly Description[];
}

export interface TarLargeTask extends LargeTask {
  readonly id: number;
  readonly description: Description;
}

/** `left`: nothing more is written. */
export type TarMessage = TarWritten | TarSettled | { readonly kind: 'left' };

/** The answer to a task: its bodies lie in a shard that has no final name yet, but for those that failed. */
export interface TarWritten {
  readonly kind: 'written';
  readonly first: number;
  readonly count: number;
  /** By position in the batch, in order. */
  readonly failures: readonly StoreFailure[];
  readonly times: Times;
}

/** What became of a shard; may come before the answer to the task that brought its last members. */
export interface TarSettled {
  readonly kind: 'settled';
  readonly number: number;
  /** The number that it had before: where one before it has got none in the end, it gets that. */
  readonly part: number;
  /** The bodies in it, but for those that were in it when the run began. */
  readonly ids: readonly number[];
  readonly result: { readonly stored: readonly StoredFile[] } | { readonly error: PlainError };
  /** Of the shards that are sealed when nothing else is under way, of which no answer to a task tells. */
  readonly times?: Times;
}
