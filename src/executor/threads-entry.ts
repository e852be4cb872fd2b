/** What the threads of {@link ThreadDownloads} run: one item, from the request to the stored file. */
import { BroadcastChannel } from 'node:worker_threads';
import { Attempt, type AttemptListener } from '../fetch/attempt.js';
import { Connections } from '../fetch/client.js';
import { StallWatchdog } from '../fetch/stall-watchdog.js';
import { RequestHeaders } from '../fetch/headers.js';
import { LEAST_WINDOW } from '../body.js';
import type { Answer } from '../outcome.js';
import { LocalExecutor } from './local.js';
import { isStored } from '../protocol/result.js';
import { CANCELLED } from '../../workers/plain.js';
import { ThreadClock } from './thread-clock.js';
import type { ThreadAnswer, ThreadEnd, ThreadTask } from './threads.js';

/** A thread keeps its connections from item to item; it ends with its run. */
let connections: Connections | undefined;
let watchdog: StallWatchdog | undefined;
let cancels: BroadcastChannel | undefined;
/** Attempts under way, by what their tasks are called. */
const attempts = new Map<number, Attempt>();

export default function downloadAndStore(task: ThreadTask): Promise<ThreadAnswer> {
  const { item, from, id, timeLeft, request, settings } = task;
  cancels ??= listenTo(task.cancels);
  connections ??= new Connections(request);
  const kept = connections;
  watchdog ??= new StallWatchdog(request, request.maxTime);
  const { maxBodySize } = settings;
  const rules = { ...request, maxBodySize, watchdog, headers: new RequestHeaders(request.headers) };
  const clock = new ThreadClock();
  return new Promise((resolve) => {
    let unproven = false;
    let answer: Answer | undefined;
    let answered = performance.now();
    let fetched = performance.now();
    const end = (how: ThreadEnd): void => {
      attempts.delete(id);
      const told = answer && { answer, ago: performance.now() - answered };
      resolve({ end: how, told, times: clock.stop() });
    };
    const onFetched = (): void => {
      fetched = performance.now();
      clock.fetched();
    };
    const executor = new LocalExecutor('inline', settings, (_item, result) => {
      end({ kind: 'stored', result, unproven, storing: performance.now() - fetched });
      // If the store failed before the body was whole, nothing takes the rest.
      if (!isStored(result)) attempt.cancel(result);
    });
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
      onBody: (_item, chunks, length, encoding) => {
        onFetched();
        executor.store({ item, chunks, length, encoding });
      },
      openLarge: (_item, encoding, onRoom) =>
        executor.storeLarge(item, encoding, window, { onRoom, onLeft: () => undefined }),
      onLarge: onFetched,
      onNotFound: (_item, status) => end({ kind: 'not_found', status }),
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
