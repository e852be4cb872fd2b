/**
 * `--listen`: a run for who looks at it from a browser, or from what collects metrics. What they see is made twice a second at
 * the most, once for all of them, and only while somebody looks.
 */
import type { Outcome } from '../outcome.js';
import type { Download } from '../pipeline/download.js';
import type { Observer } from '../pipeline/items.js';
import { beginLine } from '../results/events.js';
import type { ResultsOf } from '../results/results.js';
import type { Listening } from '../server/listen.js';
import { version } from '../shared/version.js';
import { Recent } from '../shared/recent.js';
import { advanceOf, endedOf } from '../terminal/progress.js';
import { parseAddress, readToken } from './address.js';
import { LastFailures } from './failures.js';
import { History } from './history.js';
import { HostTable } from './hosts.js';
import { METRICS_TYPE, toOpenMetrics } from './metrics.js';
import { frame, MOST_READERS, Readers } from './readers.js';
import { type Answer, serve } from './server.js';
import { type Snapshot, stateOf } from './snapshot.js';
import { PAGE_POLICY, pageOf } from './view/html.js';
import { partsOf } from './view/parts.js';

/** Milliseconds between two looks at the run. */
const INTERVAL = 500;
/** Seconds over which it is told how fast a run is. */
const LATE = 10;
const HTML_TYPE = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const EVENTS_TYPE = 'text/event-stream; charset=utf-8';

/** What is made of a snapshot, when somebody wants it. */
interface Made {
  readonly snapshot: Snapshot;
  json?: string;
  metrics?: string;
  state?: string;
  parts?: string;
}

export class RunPage implements Observer {
  readonly #of: ResultsOf;
  readonly #command: string;
  readonly #started = new Date().toISOString();
  readonly #hosts = new HostTable();
  readonly #failures = new LastFailures();
  readonly #history = new History(INTERVAL);
  readonly #recent = new Recent(LATE, { elapsed: 0, ended: 0, bytes: 0 });
  #rates: Snapshot['run']['recent'] = { rate: 0, bytes: 0 };
  /** Programs, and pages. */
  readonly #programs = new Readers();
  readonly #pages = new Readers();
  #listening: Listening | undefined;
  #host = '';
  #isAnyPort = false;
  #download: Download | undefined;
  #fetched = 0;
  #timer: NodeJS.Timeout | undefined;
  #made: Made | undefined;

  private constructor(command: string, of: ResultsOf) {
    this.#command = command;
    this.#of = of;
  }

  /** @throws UsageError where it cannot be had there, before anything is requested */
  static async open(listen: string, tokenFile: string | undefined, command: string, of: ResultsOf): Promise<RunPage> {
    const address = await parseAddress(listen);
    const token = await readToken(tokenFile, address);
    const page = new RunPage(command, of);
    page.#host = address.host;
    page.#isAnyPort = address.port === 0;
    const begun = (tell: () => Answer) => () => (page.#download === undefined ? undefined : tell());
    page.#listening = await serve(address, token, {
      '/': begun(() => ({ type: HTML_TYPE, text: pageOf(page.#now.snapshot), policy: PAGE_POLICY })),
      '/metrics': begun(() => ({ type: METRICS_TYPE, text: page.#metrics })),
      '/summary.json': begun(() => ({ type: JSON_TYPE, text: page.#json })),
      '/events': begun(() => page.#stream(page.#programs, () => page.#begin + page.#state)),
      '/view': begun(() => page.#stream(page.#pages, () => page.#parts)),
    });
    return page;
  }

  /** It was left to this program which one. */
  get isAnyPort(): boolean {
    return this.#isAnyPort;
  }

  /** Without the token. */
  get url(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return `http://${host}:${this.#listening?.port}/`;
  }

  /** From now on. */
  watch(download: Download): void {
    this.#download = download;
    this.#timer = setInterval(() => this.#look(), INTERVAL);
    this.#timer.unref();
  }

  onFetched(): void {
    this.#fetched += 1;
  }

  onStored(): void {
    // The account of the run has them.
  }

  note(outcome: Outcome): void {
    this.#hosts.note(outcome);
    if (outcome.status === 'error' || outcome.status === 'not_found') this.#failures.note(outcome);
  }

  /** @param whole whether the run has come to the end of its list; who reads is told */
  async close(whole: boolean): Promise<void> {
    clearInterval(this.#timer);
    if (this.#download !== undefined) {
      this.#noteHistory(this.#download);
      const snapshot = this.#snapshot(this.#download, whole);
      this.#made = { snapshot };
      const { run: _run, event: _event, ...summary } = snapshot;
      const end = { event: 'end', command: this.#command, ...summary };
      await Promise.all([
        this.#programs.end(frame('end', JSON.stringify(end))),
        this.#pages.end(this.#parts + frame('end', JSON.stringify({ whole }))),
      ]);
    }
    await this.#listening?.close();
  }

  #look(): void {
    if (this.#download === undefined) return;
    this.#noteHistory(this.#download);
    this.#made = undefined;
    if (this.#programs.count > 0) this.#programs.send(this.#state);
    if (this.#pages.count > 0) this.#pages.send(this.#parts);
  }

  #noteHistory(download: Download): void {
    const { summary } = download;
    const { elapsed, ok, waiting, bytes } = summary;
    const { charged = {} } = download.measured ?? {};
    this.#history.note({ elapsed: 1000 * elapsed, fetched: this.#fetched, stored: ok, waiting, charged });
    const now = { elapsed, ended: endedOf(summary), bytes };
    const since = this.#recent.since(now);
    const seconds = elapsed - since.elapsed;
    if (seconds > 0)
      this.#rates = { rate: (now.ended - since.ended) / seconds, bytes: (bytes - since.bytes) / seconds };
  }

  /** Who asks before the run is made waits for nothing: it is made at once. */
  get #now(): Made {
    if (this.#made !== undefined) return this.#made;
    if (this.#download === undefined) throw new RangeError('there is no run yet');
    this.#made = { snapshot: this.#snapshot(this.#download) };
    return this.#made;
  }

  #snapshot(download: Download, whole?: boolean): Snapshot {
    const { summary, measured } = download;
    const { directory, layout } = this.#of;
    const event = whole === undefined ? 'state' : 'end';
    return {
      event,
      ...summary,
      run: {
        command: this.#command,
        version,
        directory,
        layout,
        started: this.#started,
        ...(whole !== undefined && { whole }),
        ...advanceOf(summary),
        recent: this.#rates,
        fetched: this.#fetched,
        writers: measured?.writers,
        charged: measured?.charged ?? {},
        storage: measured?.operations,
        timeline: this.#history.timeline,
        hosts: this.#hosts.worst,
        failures: this.#failures.shown,
      },
    };
  }

  get #json(): string {
    return (this.#now.json ??= `${JSON.stringify(this.#now.snapshot)}\n`);
  }

  get #metrics(): string {
    return (this.#now.metrics ??= toOpenMetrics(this.#now.snapshot));
  }

  get #begin(): string {
    return frame('begin', JSON.stringify(beginLine(this.#command, { ...this.#of, page: this.url })));
  }

  get #state(): string {
    return (this.#now.state ??= frame('state', JSON.stringify(stateOf(this.#now.snapshot))));
  }

  get #parts(): string {
    return (this.#now.parts ??= frame('parts', JSON.stringify(partsOf(this.#now.snapshot))));
  }

  #stream(readers: Readers, first: () => string): Answer {
    const isFull = this.#programs.count + this.#pages.count >= MOST_READERS;
    return { type: EVENTS_TYPE, attach: isFull ? undefined : (response) => readers.add(response, first()) };
  }
}
