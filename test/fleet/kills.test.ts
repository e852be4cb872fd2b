import { test } from 'node:test';
import { killWorkers } from '../helpers/kills.js';
import { servePaths } from '../helpers/paths-server.js';
import { scratch } from '../helpers/scratch.js';

const server = servePaths();

test('workers that are killed leave each row to be accounted for once, and nothing written down is requested again', async (t) => {
  await killWorkers(t, server, scratch(t), { shards: 4, rows: 30, kills: 4, seed: 1, life: 1_200 });
});
