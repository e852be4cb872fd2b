/** Each recipe of the README is run as it stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kitchen, recipesOf, textOf, wanted } from '../../helpers/recipes.js';

const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'builds what this test runs; CI runs its parts',
  'npm ci && npm test': 'runs for minutes, and CI runs it before this',
};

const recipes = recipesOf(textOf('README.md'));

test('each recipe of the README does what it says, but for those that are listed', async (t) => {
  const run = wanted(recipes, NOT_RUN);
  assert.equal(run.length, recipes.length - Object.keys(NOT_RUN).length);
  assert.ok(run.length >= 10, `${run.length} recipes`);
  const kitchen = await Kitchen.open(t);
  for (const recipe of run) await t.test(recipe.name, () => kitchen.cook(recipe));
});
