/**
 * Reads of a socket into memory that is used again. By itself Node takes 64 KB for each read and gives back what it did not
 * need, which costs more than the read of a small answer: here each read goes to where the last one was, unless something of that
 * is still needed, and then behind it.
 */
import type { OnReadOpts, Socket } from 'node:net';

/** Bytes of a piece of memory. */
const SIZE = 64 << 10;
/** Bytes that a read gets at least. */
const LEAST = 32 << 10;

interface Reader {
  /** @returns false to read no more for now */
  read(bytes: Buffer): boolean;
  /** Whether what was read last is needed no more. */
  readonly isFree: boolean;
}

/** Of sockets that are made with {@link READING}. */
const READERS = new WeakMap<Socket, Reader>();

/** Where the socket that has just read goes on, which Node asks for at once after that; null: where it did. A new one asks, too. */
let next: Buffer | null | undefined;

/** Of sockets whose reads are given by {@link giveReads}: the option `onread` of Node's sockets. */
export const READING: OnReadOpts = {
  buffer: () => {
    const memory = next === undefined ? Buffer.allocUnsafeSlow(SIZE) : next;
    next = undefined;
    // What is no memory changes nothing, which Node's types do not tell.
    return memory as Buffer;
  },
  callback(this: Socket, length: number, memory: Uint8Array) {
    const reader = READERS.get(this);
    if (reader === undefined) return true;
    const goesOn = reader.read(Buffer.from(memory.buffer, memory.byteOffset, length));
    next = reader.isFree ? null : behind(memory, length);
    return goesOn;
  },
};

function behind({ buffer, byteOffset, length }: Uint8Array, used: number): Buffer {
  return length - used < LEAST ? Buffer.allocUnsafeSlow(SIZE) : Buffer.from(buffer, byteOffset + used, length - used);
}

/**
 * Gives what a socket reads to who asks it by `read` when it emits `readable`, as any readable stream does.
 *
 * @param onRead told of what is about to be given, and of undefined when there is nothing
 * @param isFree asked after each read that was given: whether nothing of its memory is needed any more
 */
export function giveReads(
  socket: Socket,
  onRead: (bytes: Uint8Array | undefined) => void,
  isFree: () => boolean,
): void {
  /** Read, and not yet given. */
  let waiting: Buffer | undefined;
  let isReading = false;
  let isStopped = false;
  let wasGiven = false;
  READERS.set(socket, {
    read(bytes) {
      waiting = bytes;
      isReading = true;
      wasGiven = false;
      socket.emit('readable');
      isReading = false;
      isStopped = waiting !== undefined;
      return !isStopped;
    },
    get isFree() {
      return waiting === undefined && wasGiven && isFree();
    },
  });
  const readStream = socket.read.bind(socket) as (size?: number) => Buffer | null;
  socket.read = (size) => {
    if (waiting !== undefined && size !== 0) {
      const bytes = waiting;
      waiting = undefined;
      wasGiven = true;
      onRead(bytes);
      return bytes;
    }
    onRead(undefined);
    if (isReading) return null;
    if (isStopped && waiting === undefined) {
      isStopped = false;
      socket._read(SIZE);
    }
    // Begins to read, and tells of the end.
    return readStream(size);
  };
  socket.unshift = (bytes) => {
    if (bytes.length > 0) waiting = bytes as Buffer;
    return true;
  };
}
