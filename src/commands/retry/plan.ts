/** `sluice retry` of a plan: shards in which items failed, that failed themselves, or that somebody has begun and left. */
import { resolve } from 'node:path';
import type { Manifest } from '../../fleet/manifest.js';
import { type ShardState, shardStates } from '../../fleet/states.js';
import { Again } from './again.js';
import type { AgainArguments } from './retry.js';

/** @returns the exit status */
export async function retryPlan(args: AgainArguments, plan: Manifest): Promise<number> {
  const again = new Again(args, plan);
  const shards: number[] = [];
  for await (const state of shardStates(resolve(args.directory), plan)) if (isWanted(state)) shards.push(state.shard);
  const { status, lines, left } = await again.run(shards);
  if (args.quiet !== true) process.stderr.write(`${[...lines, ...left].join('\n')}\n`);
  return status;
}

/** One that is being run is asked for, too, so that it is told who has it. */
function isWanted(state: ShardState): boolean {
  if (state.kind === 'done') return state.done.errors + state.done.notFound > 0;
  return state.kind === 'failed' || state.kind === 'left' || state.kind === 'running';
}
