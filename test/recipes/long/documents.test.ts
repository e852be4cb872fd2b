/** Each recipe of the documents beside the code is run as it stands, in a folder with the lists that it takes. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { missing } from '../../helpers/programs.js';
import { type Answers, Kitchen, type Recipe, recipesOf, ROOT, textOf, wanted } from '../../helpers/recipes.js';

const flag = (cc: string): string => `http://localhost:8001/flags/${cc}/${cc}.gif`;
const FLAGS = ['br', 'de', 'in'].map(flag);

const LISTS: Readonly<Record<string, string>> = {
  'urls.txt': FLAGS.join('\n'),
  'urls.csv': `url\n${FLAGS.join('\n')}\n`,
  'photos.csv': `url,caption\n${FLAGS.map((url, n) => `${url},photo ${n}.gif`).join('\n')}\n`,
  'photos.tsv': `id\tlink\n${FLAGS.map((url, n) => `${n}\t${url}`).join('\n')}\n`,
  'photos.jsonl': `${JSON.stringify({ url: FLAGS[0], caption: 'x' })}\n`,
  'photos.json': JSON.stringify([{ url: FLAGS[0] }]),
  session: `${FLAGS[0]}\n out=one.gif\n`,
  'distribution.meta4': `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="br.gif"><url>${FLAGS[0]}</url></file></metalink>`,
};

const SITEMAP = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${FLAGS.map((url) => `<url><loc>${url}</loc></url>`).join('')}</urlset>`;

/** What `localhost:9000` has. */
const ANSWERS: Answers = {
  '/sitemap.xml': (response) => response.end(SITEMAP),
  '/latest': (response) => response.writeHead(302, { location: '/v2/tool-2.zip' }).end(),
  '/v2/tool-2.zip': (response) => response.end('PK'),
  '/page.asp': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
  '/download': (response) => {
    const [, id = ''] = /id=(\d+)/.exec(response.req.url ?? '') ?? [];
    response.setHeader('content-disposition', `attachment; filename="report ${id}.pdf"`);
    response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF');
  },
};

/** By document, and in it by recipe: why it is not run here. */
const NOT_RUN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'src/fetch/README.md': {
    'http_proxy=http://ann:s3cret@localhost:8888 sluice get http://localhost:8001/flags/br/br.gif':
      'asks proxies at ports of their own, with certificates: commands/get-network.test.ts has them',
  },
  'src/fleet/README.md': {
    'install -m 600 /dev/null ~/queue.token && openssl rand -hex 24 > ~/queue.token':
      'needs NATS: it is run in fleet/long/work-queue.test.ts',
    'srun sluice work /scratch/photos --max-requests 64': 'needs Slurm: it is run in fleet/recipes.test.ts',
  },
};

/** Programs that recipes call besides those that every system has. */
const PROGRAMS = ['jq', 'wget', 'aria2c'];

function lacking({ commands }: Recipe): string | false {
  const called = PROGRAMS.filter((program) => commands.some(({ command }) => command.includes(`${program} `)));
  return called.map(missing).find((why) => why !== false) ?? false;
}

async function addLists({ cwd }: Kitchen, text: string): Promise<void> {
  for (const [name, list] of Object.entries(LISTS)) writeFileSync(join(cwd, name), list);
  mkdirSync(join(cwd, 'dataset'));
  const writer = new ByteWriter();
  await parquetWrite({ writer, columnData: [{ name: 'link', data: FLAGS }] });
  writeFileSync(join(cwd, 'dataset', 'part.parquet'), writer.getBytes());
  // That which the document shows.
  const [, name, list] = /`([\w.]+)` as\n\n```\n([^]*?)```/.exec(text) ?? [];
  if (name !== undefined && list !== undefined) writeFileSync(join(cwd, name), list);
}

const documents = [
  ...readdirSync(join(ROOT, 'src')).map((room) => `src/${room}/README.md`),
  'workers/steps/README.md',
].filter((path) => {
  try {
    return recipesOf(textOf(path)).length > 0;
  } catch {
    return false;
  }
});

test('the documents with recipes are those that are known', () => {
  assert.deepEqual(documents, [
    'src/fetch/README.md',
    'src/fleet/README.md',
    'src/journal/README.md',
    'src/page/README.md',
    'src/plan/README.md',
    'src/results/README.md',
    'src/schedule/README.md',
    'workers/steps/README.md',
  ]);
});

describe('the recipes of', () => {
  for (const path of documents) {
    test(`${path} do what they say, but for those that are listed`, async (t) => {
      const text = textOf(path);
      const recipes = wanted(recipesOf(text), NOT_RUN[path] ?? {});
      const kitchen = await Kitchen.open(t, ANSWERS);
      await addLists(kitchen, text);
      for (const recipe of recipes) await t.test(recipe.name, { skip: lacking(recipe) }, () => kitchen.cook(recipe));
    });
  }

  test('the table of lists are taken, each by what it is known by', async (t) => {
    const text = textOf('src/lists/README.md');
    const examples = [...text.matchAll(/\| `(\w+)` .*`(sluice get [^`]+)`/g)].map(([, format, command]) => ({
      format,
      command: command as string,
    }));
    assert.equal(examples.length, 9);
    for (const { command } of examples) {
      const kitchen = await Kitchen.open(t, ANSWERS);
      await addLists(kitchen, '');
      await kitchen.cook({
        name: command,
        commands: [{ command, status: 0, tells: [' downloaded, '], makes: [] }],
        prints: undefined,
      });
    }
  });
});
