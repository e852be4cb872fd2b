/**
 * One run at a time for one destination, and for one folder of a journal. What holds a lock must not outlive its process, `kill -9` included, so it is
 * something that the kernel takes back: a name in its own space of sockets, or where it has none, a lock on the folder.
 * Machines and containers that share a file system share none of that. For these the run tells of itself in a file,
 * which it renews, and which counts while it is fresh by the file system's own clock.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SluiceError } from '../errors.js';
import { ageOf, createWhole, readTold, SPACE, type Told } from './told.js';

/** Milliseconds between two renewals of the file. */
const RENEWAL = 10_000;
/** Milliseconds after which a run that renews nothing is taken for dead: several renewals, on storage that is slow. */
const FRESH = 60_000;
/**
 * How often one looks for who has a lock and tells nothing of itself, and the milliseconds in between. It is about to
 * begin or to end, or it is ending and had a folder that was removed: the kernel gives that one's number to the next.
 */
const LOOKS = 11;
const LOOK_AGAIN = 50;
/** What is locked: the file in it that tells of the run, and how to say that another has it. */
export interface Subject {
  readonly run: string;
  readonly doing: string;
  readonly instead: string;
}

const DESTINATION: Subject = {
  run: 'run',
  doing: 'is storing in',
  instead: 'choose another destination with --directory',
};
/** A folder that was named for a journal, in which there may be files of others. */
export const STATE: Subject = {
  run: 'journal.run',
  doing: 'has its journal in',
  instead: 'name another folder with --state',
};

/** Of open(2) on macOS and the BSDs, and the same there: with a lock as of flock(2). Node does not name it. */
const O_EXLOCK = 0x20;
const WITH_EXLOCK: ReadonlySet<string> = new Set(['darwin', 'freebsd', 'openbsd', 'netbsd']);

/** As far as it has told of itself. */
export type Holder = Partial<Pick<Told, 'pid' | 'host' | 'since'>>;

/** Gives back what the kernel holds. */
type Release = () => Promise<void>;

export class Lock {
  readonly #directory: string;
  readonly #subject: Subject;
  /** Undefined where the kernel has nothing to hold. */
  readonly #release: Release | undefined;
  #path = '';
  #file: FileHandle | undefined;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(directory: string, subject: Subject, release: Release | undefined) {
    this.#directory = directory;
    this.#subject = subject;
    this.#release = release;
  }

  /**
   * Touches nothing in the folder.
   *
   * @param directory which is there
   * @param own the program's folder in it, which may not be there
   * @throws SluiceError with code `STORE_BUSY` where another run on this machine has it
   */
  static async take(directory: string, own: string, subject = DESTINATION): Promise<Lock> {
    for (let looks = 1; ; looks++) {
      const release = await hold(directory);
      if (release !== 'busy') return new Lock(directory, subject, release);
      const told = await readTold(join(own, subject.run));
      if (told !== undefined || looks === LOOKS) throw busy(directory, subject, told);
      await setTimeout(LOOK_AGAIN);
    }
  }

  /**
   * Who has it, without touching anything. On macOS and the BSDs it is taken for a moment.
   *
   * @param directory which is there
   * @param own the program's folder in it, which may not be there
   */
  static async holder(directory: string, own: string): Promise<Holder | undefined> {
    const path = join(own, DESTINATION.run);
    const told = await readTold(path);
    const isHeld = await isHeldHere(directory);
    if (isHeld === true) return told ?? {};
    if (told === undefined || (isHeld === false && told.space === SPACE)) return undefined;
    // By this machine's clock, for want of the file system's: nothing is written to ask for that.
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => Infinity,
    );
    return age < FRESH ? told : undefined;
  }

  /**
   * Tells of this run, for others to read.
   *
   * @param own the program's folder, which is there
   * @throws SluiceError with code `STORE_BUSY` where a run on another machine has it
   */
  async tell(own: string): Promise<void> {
    this.#path = join(own, this.#subject.run);
    const told: Told = { pid: process.pid, host: hostname(), space: SPACE, since: new Date().toISOString() };
    const text = `${JSON.stringify(told)}\n`;
    this.#file = await createWhole(this.#path, text).catch(async (error: NodeJS.ErrnoException) => {
      // One that has it removes what others were about to tell of themselves with.
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
      await this.#removeDead(own);
      return createWhole(this.#path, text);
    });
    await removeDrafts(own, this.#subject.run);
    this.#timer = setInterval(() => {
      this.#renewing = this.#renewing.then(async () => this.#file && renew(this.#file, text)).catch(() => undefined);
    }, RENEWAL);
    this.#timer.unref();
  }

  /** Removes what told of this run. Does what it can and does not throw. */
  async untell(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    if (this.#file !== undefined) {
      const { ino } = await this.#file.stat({ bigint: true }).catch(() => ({ ino: undefined }));
      await this.#file.close().catch(() => undefined);
      this.#file = undefined;
      // A run elsewhere that took this one for dead has a file of its own in its place.
      const there = await stat(this.#path, { bigint: true }).catch(() => undefined);
      if (there?.ino === ino) await unlink(this.#path).catch(() => undefined);
    }
  }

  /** Gives back what the kernel holds: the last thing of all. */
  async release(): Promise<void> {
    await this.#release?.();
  }

  /** Who told of itself there and would be seen by the kernel is dead: this run has the lock. */
  async #removeDead(own: string): Promise<void> {
    const told = await readTold(this.#path);
    const isSeen = this.#release !== undefined && told?.space === SPACE;
    if (!isSeen && (await ageOf(this.#path, own)) < FRESH) {
      throw busy(this.#directory, this.#subject, told, ', or for a minute if it is dead;');
    }
    await unlink(this.#path);
  }
}

async function hold(directory: string): Promise<Release | 'busy' | undefined> {
  if (WITH_EXLOCK.has(process.platform)) return holdFolder(directory);
  const path = await nameOf(directory);
  return path === undefined ? undefined : holdName(path);
}

/** Where who holds it listens; undefined where there are no such names. */
async function nameOf(directory: string): Promise<string | undefined> {
  const { dev, ino } = await stat(directory, { bigint: true });
  if (process.platform === 'linux') return `\0sluice-${dev}-${ino}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\sluice-${dev}-${ino}` : undefined;
}

/** Whether a process on this machine holds it; undefined where the kernel has nothing to hold. */
async function isHeldHere(directory: string): Promise<boolean | undefined> {
  const path = WITH_EXLOCK.has(process.platform) ? undefined : await nameOf(directory);
  if (path !== undefined) return isListening(path);
  const release = await hold(directory);
  if (typeof release === 'function') await release();
  return release === undefined ? undefined : release === 'busy';
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Abstract socket on Linux, named pipe on Windows: what listens there ends with its process, and so does the name. */
function holdName(path: string): Promise<Release | 'busy' | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE' ? 'busy' : undefined));
    // Exclusive: processes of Node's `cluster` would share it.
    server.listen({ path, exclusive: true }, () => {
      server.unref();
      resolve(() => new Promise((closed) => server.close(() => closed())));
    });
  });
}

async function holdFolder(directory: string): Promise<Release | 'busy' | undefined> {
  try {
    const folder = await open(directory, constants.O_RDONLY | constants.O_NONBLOCK | O_EXLOCK);
    return () => folder.close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return 'busy';
    // Some file systems have no locks.
    if (code === 'ENOTSUP' || code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}

/** What runs that were killed have left of {@link createWhole}. */
async function removeDrafts(own: string, run: string): Promise<void> {
  const drafts = (await readdir(own)).filter((name) => name.startsWith(`${run}-`) && DRAFT.test(name));
  for (const draft of drafts) await unlink(join(own, draft)).catch(() => undefined);
}

const DRAFT = /-\d+-[0-9a-f]{8}$/;

/** Written, not touched: the time that it gets then is that of the file system, not of this machine. */
async function renew(file: FileHandle, text: string): Promise<void> {
  await file.write(text, 0);
  await file.datasync();
}

/** @param until how long to wait if that is not all */
function busy(directory: string, { doing, instead }: Subject, told: Told | undefined, until = ','): SluiceError {
  const who = told === undefined ? '' : `: process ${told.pid} on ${told.host}, since ${told.since}`;
  const hint = `wait until it has ended${until} or ${instead}`;
  return new SluiceError('STORE_BUSY', `another run ${doing} ${directory}${who}`, { hint });
}
