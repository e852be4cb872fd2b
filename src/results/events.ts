/**
 * `--events FILE`: what becomes of items, and how the run is, as JSON lines while it goes on; `events.schema.json` beside this
 * file says what is in them. A reader that is slow does not hold up the run: what it is too far behind for is left out, and how
 * much that was is told.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import type { Outcome, Summary } from '../outcome.js';
import { printable, withoutPassword, withoutUrl } from '../shared/printable.js';
import { version } from '../shared/version.js';
import type { ResultsOf, ResultsWriter } from './results.js';

/** Of the lines: what is added to them later does not change it. */
const FORMAT = 1;
/** Milliseconds between two lines of how the run is. */
const INTERVAL = 500;
/** Characters of lines that wait for their reader, at the most: some twenty thousand outcomes. */
const MOST_WAITING = 8 << 20;
/** Lines that are written at once. */
const AT_ONCE = 256;
/** Milliseconds for which a reader may take nothing at the end; of standard output the process itself waits. */
const PATIENCE = 10_000;
/** What is told of a reader that has left: it has all that it wants. */
const LEFT: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET']);
/** The name that stands for standard output. */
const STDOUT = '-';

/** Where lines go. */
interface Sink {
  /** Whether nobody else waits until its reader has all. */
  readonly isAwaited: boolean;
  /** Resolves when there is room for more. */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

export class Events implements ResultsWriter {
  readonly #path: string;
  readonly #of: ResultsOf;
  readonly #sink: Sink;
  /** Comes before all others: a run that does not begin leaves the file as it is. */
  #first: object | undefined;
  #waiting: string[] = [];
  #size = 0;
  /** Outcomes that were left out since the last line that told of it, and in all. */
  #lost = 0;
  #lostInAll = 0;
  #writing: Promise<void> | undefined;
  #failure: NodeJS.ErrnoException | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, of: ResultsOf, sink: Sink) {
    this.#path = path;
    this.#of = of;
    this.#sink = sink;
  }

  /** @throws UsageError when it cannot be written */
  static async open(path: string, of: ResultsOf): Promise<Events> {
    if (path === STDOUT) return new Events(path, of, new StandardOutput());
    try {
      return new Events(path, of, new File(await open(path, 'a')));
    } catch (error) {
      const why = printable((error as Error).message);
      throw new UsageError(
        `--events ${printable(path, 1000)} cannot be written: ${why}`,
        'choose another place',
        error,
      );
    }
  }

  watch(command: string, summary: () => Summary | undefined): void {
    this.#first = beginLine(command, this.#of);
    this.#timer = setInterval(() => {
      // How it was when a reader has not read how it is now, nobody wants to know.
      const now = this.#size === 0 ? summary() : undefined;
      if (now !== undefined) this.#tell({ event: 'state', ...now });
    }, INTERVAL);
    this.#timer.unref();
  }

  note(outcome: Outcome): void {
    if (this.#failure !== undefined) return;
    if (this.#size > MOST_WAITING) {
      this.#lost += 1;
      this.#lostInAll += 1;
      return;
    }
    this.#tell(lineOf(outcome));
  }

  async close(command: string, summary: Summary): Promise<boolean> {
    clearInterval(this.#timer);
    if (this.#lost > 0) this.#add({ event: 'lost', outcomes: this.#lost });
    this.#add({ event: 'end', command, ...summary });
    const isTaken = this.#sink.isAwaited ? await this.#taken() : this.#handOver();
    await this.#sink.close().catch((error: unknown) => this.#fail(error));
    if (this.#failure !== undefined && LEFT.has(this.#failure.code)) return true;
    const because = this.#failure?.message ?? (isTaken ? undefined : 'its reader has stopped reading');
    const why =
      because ?? (this.#lostInAll > 0 ? `its reader was too slow for ${this.#lostInAll} outcomes` : undefined);
    if (why === undefined) return true;
    process.stderr.write(
      `*** Error: --events ${printable(this.#path, 1000)} is not whole: ${printable(why)}: write it to another place\n`,
    );
    return false;
  }

  async abandon(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sink.close().catch(() => undefined);
  }

  #tell(line: object): void {
    if (this.#lost > 0) {
      this.#add({ event: 'lost', outcomes: this.#lost });
      this.#lost = 0;
    }
    this.#add(line);
  }

  #add(line: object): void {
    if (this.#failure !== undefined) return;
    const first = this.#first === undefined ? '' : `${JSON.stringify(this.#first)}\n`;
    this.#first = undefined;
    const text = `${first}${JSON.stringify(line)}\n`;
    this.#waiting.push(text);
    this.#size += text.length;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Until nothing waits any more. */
  async #write(): Promise<void> {
    // What comes together is written together.
    await Promise.resolve();
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      const text = this.#waiting.splice(0, AT_ONCE).join('');
      try {
        await this.#sink.write(text);
      } catch (error) {
        this.#fail(error);
      }
      this.#size -= text.length;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error as NodeJS.ErrnoException;
    this.#waiting = [];
  }

  #handOver(): true {
    this.#sink.write(this.#waiting.splice(0).join('')).catch((error: unknown) => this.#fail(error));
    return true;
  }

  /** Waits as long as a reader takes something. */
  async #taken(): Promise<boolean> {
    for (let before = Infinity; this.#writing !== undefined && this.#size < before;) {
      before = this.#size;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, PATIENCE);
      });
      await Promise.race([this.#writing, late]);
      clearTimeout(timer);
    }
    return this.#writing === undefined;
  }
}

/** What comes before all else. */
export function beginLine(command: string, { directory, layout, page }: ResultsOf): object {
  return { event: 'begin', format: FORMAT, version, time: new Date().toISOString(), command, directory, layout, page };
}

/** As the library has it, without passwords. */
function lineOf(outcome: Outcome): object {
  const url = withoutPassword(outcome.url);
  const { request: _own, ...rest } = outcome;
  if (!('error' in rest)) return { event: 'outcome', ...rest, url };
  const { code, message, hint } = rest.error;
  return { event: 'outcome', ...rest, url, error: { code, message: withoutUrl(message, outcome.url), hint } };
}

/** What was in it before goes with the first line. */
class File implements Sink {
  readonly isAwaited = true;
  readonly #file: FileHandle;
  #isBegun = false;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(text: string): Promise<void> {
    // A pipe or a device has nothing that could be taken away.
    if (!this.#isBegun && (await this.#file.stat()).isFile()) await this.#file.truncate();
    this.#isBegun = true;
    await this.#file.writeFile(text);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

class StandardOutput implements Sink {
  readonly isAwaited = false;

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      process.stdout.write(text, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    // It stays open for others.
  }
}
