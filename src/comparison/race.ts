/** One scenario: its corpus, its server, and its contestants in turn. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { countRight } from './check.js';
import type { Contestant, Errand } from './contestants.js';
import { type Corpus, inThousands, LARGE, makeLarge, makeSmall } from './corpus.js';
import { measure } from './measure.js';
import { describePlace, makePlace, remove } from './place.js';
import type { Scenario } from './scenarios.js';
import { findNginx, type Server, startNginx, startNode } from './server.js';
import type { Race, Run } from './table.js';

export interface RaceSettings {
  readonly scenario: Scenario;
  readonly files: number;
  readonly rounds: number;
  readonly contestants: readonly Contestant[];
  /** A folder for all that the race makes, which another removes. */
  readonly place: string;
  /** A folder on slow storage: the race makes a folder in it, and removes that. */
  readonly slowDirectory: string | undefined;
  readonly timer: string | undefined;
  readonly signal: AbortSignal;
  /** Told of each run. */
  readonly onRun: (run: Run) => void;
}

export async function race(settings: RaceSettings): Promise<Race> {
  const { scenario, files, place, slowDirectory, signal } = settings;
  const folder = join(place, scenario.name);
  mkdirSync(folder);
  const source = join(folder, 'source');
  let server: Server | undefined;
  let slow: string | undefined;
  try {
    const corpus = await (scenario.bodies === 'small'
      ? makeSmall(source, files, signal)
      : makeLarge(source, files, LARGE, signal));
    server = await startServer(scenario, source, folder);
    signal.throwIfAborted();
    if (scenario.storage === 'slow') slow = makePlace(slowDirectory);
    const storage = slow ?? join(folder, 'copies');
    if (slow === undefined) mkdirSync(storage);
    const errand = { ...writeLists(folder, corpus, server), requests: scenario.requests };
    const runs = await takeTurns(settings, corpus, errand, storage);
    return {
      title: title(settings, corpus, server),
      files,
      fileSize: scenario.bodies === 'large' ? LARGE : undefined,
      notes: notes(settings),
      runs,
    };
  } finally {
    await server?.stop();
    if (slow !== undefined) remove(slow);
    remove(folder);
  }
}

/** Only Node can be asked to wait before it answers. */
function startServer({ delay }: Scenario, source: string, folder: string): Promise<Server> {
  const nginx = delay === 0 ? findNginx() : undefined;
  return nginx === undefined ? startNode(source, delay) : startNginx(nginx, source, join(folder, 'nginx'));
}

function writeLists(folder: string, { names }: Corpus, { base }: Server): Pick<Errand, 'list' | 'curlList'> {
  const [list, curlList] = [join(folder, 'list'), join(folder, 'list.curl')] as const;
  const urls = names.map((name) => `${base}/${name}`);
  writeFileSync(list, urls.map((url) => `${url}\n`).join(''));
  writeFileSync(curlList, urls.map((url) => `url = "${url}"\n`).join(''));
  return { list, curlList };
}

/** Every other round runs the other way round: whoever comes last in a machine's bad time comes first in the next. */
async function takeTurns(
  { scenario, rounds, contestants, place, timer, signal, onRun }: RaceSettings,
  corpus: Corpus,
  errand: Omit<Errand, 'destination'>,
  storage: string,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of round % 2 === 1 ? contestants : contestants.toReversed()) {
      const destination = join(storage, `${contestant.name}-${round}`);
      mkdirSync(destination);
      const cost = await measure(contestant.command({ ...errand, destination }), { cwd: place, timer, signal });
      await settle(destination);
      const right = await countRight(destination, corpus, signal);
      const run = { contestant: contestant.name, round, right, ...cost };
      runs.push(run);
      onRun(run);
      // Elsewhere, what removing leaves to be done would slow down the next one.
      if (scenario.storage === 'near') remove(destination);
    }
  }
  return runs;
}

/** Lets the storage finish what a contestant left to be done, so that the next one does not pay for it. */
async function settle(folder: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', folder]).catch(() => undefined);
}

function title({ scenario, rounds, place }: RaceSettings, { title }: Corpus, server: Server): string {
  const storage = scenario.storage === 'slow' ? 'slow storage' : describePlace(place);
  const turns = rounds === 1 ? '1 round' : `medians of ${rounds} rounds`;
  const { name, requests } = scenario;
  return `**${name}**: ${title} from ${server.title} to ${storage}, ${requests} requests at once, ${turns}`;
}

function notes({ scenario, contestants }: RaceSettings): string[] {
  return contestants.flatMap(({ name, mostRequests = Infinity }) =>
    mostRequests < scenario.requests ? [`${name} makes ${inThousands(mostRequests)} requests at once at the most`] : [],
  );
}
