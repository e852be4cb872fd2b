import { access } from 'node:fs/promises';

/** Whether there is something at this path, as far as it can be told. */
export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
