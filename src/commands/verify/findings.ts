/** What a look at stored files has found: told line by line, and counted. */
import { shardName } from '../../../workers/shard-name.js';
import type { Repair } from '../../journal/repair.js';
import type { VerifyListener } from '../../journal/verify.js';
import { isInShards } from '../../protocol/layouts.js';
import type { Layout } from '../../protocol/settings.js';
import { count, formatBytes } from '../../shared/format.js';
import { printable } from '../../shared/printable.js';
import { roomIn } from '../../terminal/output.js';
import type { Told } from '../run-download.js';

export class Findings {
  right = 0;
  wrong = 0;
  /** Stored items that were looked at. */
  looked = 0;
  /** Layouts in which something is wrong. */
  readonly layouts = new Set<Layout>();
  readonly #tell: (line: string) => Promise<void>;
  /** Of what is right. */
  #bytes = 0;

  constructor(tell: (line: string) => Promise<void>) {
    this.#tell = tell;
  }

  /** @param repair writes down what is wrong */
  in(layout: Layout, repair: Repair | undefined): VerifyListener {
    const tellWrong = async (line: string): Promise<void> => {
      this.wrong += 1;
      this.layouts.add(layout);
      await this.#tell(`*** ${line}`);
    };
    return {
      onRight: ({ stored }) => {
        this.looked += 1;
        this.right += 1;
        this.#bytes += stored.size;
      },
      onWrong: async (item, why) => {
        this.looked += 1;
        await tellWrong(`${printable(item.item.name, 1000)} ${why}`);
        if (!isInShards(layout)) await repair?.note(item, why);
      },
      onWrongShard: async (shard, items) => {
        this.layouts.add(layout);
        const its = `its ${count(items.length, 'item')}`;
        if (repair === undefined) {
          await this.#tell(`*** ${shardName(shard)} is damaged: --repair sets it aside and fetches ${its} again`);
          return;
        }
        const aside = await repair.noteShard(shard, items);
        const now = aside === undefined ? 'gone' : `${aside} now`;
        await this.#tell(`*** ${shardName(shard)} is ${now}: ${its} are fetched again`);
      },
      onKnown: ({ message }) => tellWrong(printable(message, 1000)),
    };
  }

  describe(): string {
    return `${count(this.right, 'file')} right, ${formatBytes(this.#bytes)}; ${this.wrong} wrong.`;
  }
}

/** No faster than it is read. */
export async function tell({ quiet }: Told, line: string): Promise<void> {
  if (quiet !== true) process.stdout.write(`${line}\n`);
  await roomIn(process.stdout);
}

export function describeAgain({ right, wrong }: { readonly right: number; readonly wrong: number }): string {
  const fetched = `${count(right, 'file')} fetched again, and right now`;
  return wrong === 0 ? `${fetched}.` : `${fetched}; ${wrong} could not be had again.`;
}
