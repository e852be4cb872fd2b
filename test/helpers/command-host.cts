/** Runs command lines that its parent sends, one after the other, as the command does, but for the end of the process. */
import threads = require('../../src/libuv-threads.cjs');
import type { CommandLine, Ran } from './cli.js' with { 'resolution-mode': 'import' };

class Exit extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

const told = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const) {
  Object.defineProperty(process[name], 'isTTY', { value: false });
  process[name].write = (text: string | Uint8Array, ...more: unknown[]): boolean => {
    told[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
    const written = more.at(-1);
    if (typeof written === 'function') setImmediate(written as () => void);
    return true;
  };
}
const exit = process.exit.bind(process);
process.on('disconnect', () => exit());
process.exit = (status) => {
  throw new Exit(Number(status));
};
// Where a thread hangs, as one does that looks up a name, another program takes the place of the command, with its status.
Object.assign(process, {
  execve: (_file: string, args: readonly string[]): never => {
    throw new Exit(Number(args.at(-1)?.replace('exit ', '')));
  },
});

/** The variables of the environment are these and no others. */
function setAll(env: Readonly<Record<string, string | null | undefined>>): void {
  for (const name of Object.keys({ ...process.env, ...env })) {
    const value = env[name] ?? undefined;
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
}

threads.startThreads(() => {
  const loading = import('../../src/program.js');
  const own = { ...process.env };
  process.on('message', ({ args, cwd, env = {} }: CommandLine) => {
    void loading.then(async ({ run }) => {
      process.chdir(cwd);
      setAll({ ...own, ...env });
      const status = await run(['node', 'sluice', ...args]).then(
        () => null,
        (error: unknown) => {
          if (error instanceof Exit) return error.status;
          throw error;
        },
      );
      // Each run watches for its own threads.
      process.removeAllListeners('worker');
      for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
      process.chdir('/');
      const ran: Ran = { status, ...told };
      Object.assign(told, { stdout: '', stderr: '' });
      process.send?.(ran);
    });
  });
});
