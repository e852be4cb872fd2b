/** What is wrong with a queue, for a person to put right. A queue that is wrong has harmed nothing: the storage decides. */
import { SluiceError } from '../../errors.js';
import { printable } from '../../shared/printable.js';

const WITHOUT = 'without --queue one worker, or several with --shard I/N, finish the plan';

export function unreachable(shown: string, because: string, cause: unknown): SluiceError {
  const hint = `start nats-server --jetstream there, or check the address; ${WITHOUT}`;
  return new SluiceError('QUEUE_UNREACHABLE', `no queue at ${shown}: ${printable(because)}`, { hint, cause });
}

export function untrusted(shown: string, because: string, hint: string, cause: unknown): SluiceError {
  return new SluiceError('QUEUE_UNREACHABLE', `the queue at ${shown} is not trusted: ${because}`, { hint, cause });
}

export function denied(shown: string, because: string, cause: unknown): SluiceError {
  const hint = 'check the user and password in --queue, or the file of --queue-creds or --queue-token-file';
  return new SluiceError('QUEUE_DENIED', `the queue at ${shown} refuses this worker: ${printable(because)}`, {
    hint,
    cause,
  });
}

export function withoutJetStream(shown: string, cause: unknown): SluiceError {
  const hint = 'start it with nats-server --jetstream --store_dir FOLDER, or allow JetStream to the account';
  return new SluiceError('QUEUE_UNFIT', `the server at ${shown} has no JetStream, which keeps the queue`, {
    hint,
    cause,
  });
}

export function unfit(shown: string, because: string, hint: string, cause?: unknown): SluiceError {
  return new SluiceError('QUEUE_UNFIT', `the queue at ${shown} cannot be used: ${printable(because, 300)}`, {
    hint,
    cause,
  });
}

export function lost(shown: string, seconds: number, cause: unknown): SluiceError {
  const hint = `start the worker again when it is back: nothing that is stored is lost; ${WITHOUT}`;
  const message = `the queue at ${shown} has been away for ${Math.round(seconds)} s`;
  return new SluiceError('QUEUE_LOST', message, { hint, cause });
}

export function elsewhere(directory: string, other: string, stream: string): SluiceError {
  const message = `${directory} is not the storage that the other workers of this plan see (${printable(other)} is one)`;
  const hint = `mount the same storage here; if they work on a plan of their own in another folder, give it a server or an account of its own, or wait until they are done (stream ${stream})`;
  return new SluiceError('PLAN_ELSEWHERE', message, { hint });
}
