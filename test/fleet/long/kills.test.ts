import { test } from 'node:test';
import { killWorkers } from '../../helpers/kills.js';
import { servePaths } from '../../helpers/paths-server.js';
import { scratch } from '../../helpers/scratch.js';

const server = servePaths();

test('a hundred workers that are killed over thirty shards lose no row, and double none', async (t) => {
  await killWorkers(t, server, scratch(t), { shards: 30, rows: 60, kills: 100, seed: 2, life: 2_500 });
});

test('workers that are killed over plans of archives lose no row, and double none', async (t) => {
  const settings = { shards: 12, rows: 60, kills: 40, seed: 3, life: 3_500, layout: 'tar' } as const;
  await killWorkers(t, server, scratch(t), settings);
});
