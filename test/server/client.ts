/** A client that shows what `fetch` hides: which connection answered, and how it ended. */

import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The client's own port: the same one means the same connection. */
  readonly connection: number | undefined;
}

export async function ask(
  port: number,
  path: string,
  { method = 'GET', agent, headers }: { method?: string; agent?: Agent; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: 'localhost', port, path, method, headers, ...(agent && { agent }) }, (response) => {
      const chunks: Buffer[] = [];
      const connection = response.socket.localPort;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          connection,
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** The status as text, or the code of the error that came instead. */
export async function fateOf(asked: Promise<Answer>): Promise<string> {
  return asked.then(
    ({ status }) => String(status),
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}
