/** What the threads of {@link ThreadDownloads} run: one item, from the request to the stored file. */
import { BroadcastChannel } from 'node:worker_threads';
import { Attempt, type AttemptListener } from '../fetch/attempt.js';
import { Connections } from '../fetch/client.js';
import { openCredentials, openWay } from '../fetch/network.js';
import { timeOf } from '../fetch/modified.js';
import { StallWatchdog } from '../fetch/stall-watchdog.js';
import { RequestHeaders } from '../fetch/headers.js';
import { type BodyWriter, LEAST_WINDOW } from '../body.js';
import type { PlainError } from '../errors.js';
import { answeredBy } from '../fetch/answered.js';
import type { Item } from '../item.js';
import type { Answer } from '../outcome.js';
import { HeldWriter } from './held-writer.js';
import { LocalExecutor } from './local.js';
import { isStored } from '../protocol/result.js';
import { CANCELLED } from '../../workers/plain.js';
import { ThreadClock } from './thread-clock.js';
import { NameAsker } from './thread-name.js';
import type { ThreadAnswer, ThreadEnd, ThreadTask } from './threads.js';

/** A thread keeps its connections, and who it is, from item to item; it ends with its run. */
let connections: Connections | undefined;
let headers: RequestHeaders | undefined;
let watchdog: StallWatchdog | undefined;
let cancels: BroadcastChannel | undefined;
/** Attempts under way, by what their tasks are called. */
const attempts = new Map<number, Attempt>();

export default async function downloadAndStore(task: ThreadTask): Promise<ThreadAnswer> {
  const { item, from, id, timeLeft, request, settings, names } = task;
  cancels ??= listenTo(task.cancels);
  connections ??= new Connections({ ...request, ...(await openWay(request.network)) });
  headers ??= new RequestHeaders(
    request.headers,
    request.userAgent,
    await openCredentials(request.network?.credentials),
  );
  const kept = connections;
  watchdog ??= new StallWatchdog(request, request.maxTime);
  const { maxBodySize } = settings;
  const rules = { ...request, maxBodySize, watchdog, headers };
  const clock = new ThreadClock();
  return new Promise((resolve) => {
    let unproven = false;
    let bent = false;
    let answer: Answer | undefined;
    let answered = performance.now();
    let fetched = performance.now();
    const asker = names && new NameAsker(item, names);
    const end = (how: ThreadEnd): void => {
      if (!attempts.delete(id)) return;
      asker?.close();
      const told = answer && { answer, ago: performance.now() - answered };
      resolve({ end: how, told, times: clock.stop() });
    };
    const modified = (): number | undefined =>
      request.mtime === true && answer !== undefined ? timeOf(answer.lastModified) : undefined;
    const onFetched = (): void => {
      fetched = performance.now();
      clock.fetched();
    };
    const executor = new LocalExecutor('inline', settings, (_item, result) => {
      end({ kind: 'stored', result, unproven, bent, storing: performance.now() - fetched });
      // If the store failed before the body was whole, nothing takes the rest.
      if (!isStored(result)) attempt.cancel(result);
    });
    // Nothing is stored: it is over when the attempt is.
    const refuse = (error: PlainError): void => {
      attempt.cancel(error);
      end({ kind: 'failed', failure: { error } });
    };
    // Of a large body, as much as was reserved for a request.
    const window = Math.max(LEAST_WINDOW, request.maxWhole);
    const listener: AttemptListener = {
      onRedirect: (_item, to) => end({ kind: 'redirected', to }),
      onAnswer: (_item, given) => {
        answer = given;
        answered = performance.now();
        clock.answered();
      },
      onUnproven: () => {
        unproven = true;
      },
      onBent: () => {
        bent = true;
      },
      onHeaders: asker && ((_item, headers, url) => asker.ask(answeredBy(headers, url))),
      onBody: (_item, chunks, length, encoding) => {
        onFetched();
        const store = (called: Item): boolean =>
          executor.store({ item: called, chunks, length, encoding, modified: modified() });
        if (asker === undefined) return store(item);
        void asker.told.then((told) => ('code' in told ? refuse(told) : store(told)));
        return false;
      },
      openLarge: (_item, encoding, onRoom) => {
        const open = (called: Item): BodyWriter =>
          executor.storeLarge(
            { item: called, encoding, window, modified: modified() },
            { onRoom, onLeft: () => undefined },
          );
        if (asker === undefined) return open(item);
        const held = new HeldWriter({ onRoom, onLeft: () => undefined });
        void asker.told.then((told) => {
          if (held.aborted) return;
          if ('code' in told) refuse(told);
          else held.open(open(told));
        });
        return held;
      },
      onLarge: onFetched,
      onNotFound: (_item, status) => end({ kind: 'not_found', status }),
      onDisallowed: (_item, error) => end({ kind: 'disallowed', error }),
      // The next item is not begun while parts of this one are still written.
      onFailure: (_item, failure) => void executor.close().then(() => end({ kind: 'failed', failure })),
    };
    const attempt = new Attempt(item, { timeLeft }, kept, rules, listener, undefined, from);
    attempts.set(id, attempt);
    attempt.start();
  });
}

function listenTo(name: string): BroadcastChannel {
  const channel = new BroadcastChannel(name);
  channel.onmessage = (message) => attempts.get((message as { data: number }).data)?.cancel(CANCELLED);
  channel.unref();
  return channel;
}
