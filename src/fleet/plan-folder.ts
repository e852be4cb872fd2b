/** Where in a destination the plan of a fleet lies. */
import { join } from 'node:path';
import { ownFolder, PLAN, PLAN_MANIFEST } from '../destination/destination.js';

/** Digits of a shard's number, so that names are in its order; more where there are more shards. */
const DIGITS = 5;

export function planFolder(directory: string): string {
  return join(ownFolder(directory), PLAN);
}

/** With it, the plan is there. */
export function manifestPath(directory: string): string {
  return join(planFolder(directory), PLAN_MANIFEST);
}

/** What is to be downloaded, a list for each shard. */
export function listsFolder(directory: string): string {
  return join(planFolder(directory), 'lists');
}

export function listPath(directory: string, shard: number): string {
  return join(listsFolder(directory), `${shardName(shard)}.jsonl`);
}

/** What workers write down. */
export function shardsFolder(directory: string): string {
  return join(planFolder(directory), 'shards');
}

export function shardFolder(directory: string, shard: number): string {
  return join(shardsFolder(directory), shardName(shard));
}

/** Of its folder, and of its list but for the extension. */
export function shardName(shard: number): string {
  return String(shard).padStart(DIGITS, '0');
}
