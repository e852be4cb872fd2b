/** The page in a real browser: that it asks for nothing, that its marks stand where their numbers say, and that it can be read. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { toHtml } from '../../../src/bench/page/html.js';
import type { BenchReport, StrategyReport } from '../../../src/bench/report.js';
import { onSlowStorage, REPORTS, withDecoding } from '../../helpers/bench-reports.js';
import { findChromium, launch } from '../../helpers/chromium.js';
import { inPage, type Line, lines, type Mark, marks, structure } from '../../helpers/page-probe.js';
import { scratch } from '../../helpers/scratch.js';
import { thorough } from '../../helpers/thorough.js';

type View = { readonly width: number; readonly colorScheme: 'light' | 'dark'; readonly media?: 'print' };

const WIDE: View = { width: 1280, colorScheme: 'light' };
const NARROW: View = { width: 360, colorScheme: 'dark' };
/** A4 between its margins, printed by someone who prefers the dark. */
const PAPER: View = { width: 688, colorScheme: 'dark', media: 'print' };
const OTHERS: readonly View[] = [
  { ...WIDE, colorScheme: 'dark' },
  { ...NARROW, colorScheme: 'light' },
  { ...WIDE, width: 834 },
  { ...WIDE, width: 600 },
  PAPER,
];

const executable = findChromium();
const skip = executable === undefined && 'no Chromium on this machine: install it, or name it in CHROMIUM';

describe('in a browser', { timeout: 600_000 }, () => {
  let browser: Browser | undefined;
  let context: BrowserContext;
  before(async () => {
    if (executable === undefined) return;
    browser = await launch(executable);
    context = await browser.newContext({ offline: true });
  });
  after(() => browser?.close());

  /** The page of a report, and what it complained about or asked for. */
  async function open(t: TestContext, report: BenchReport): Promise<{ page: Page; noise: string[] }> {
    const file = join(scratch(t), 'report.html');
    writeFileSync(file, toHtml(report));
    const page = await context.newPage();
    t.after(() => page.close());
    const noise: string[] = [];
    const url = pathToFileURL(file).href;
    page.on('console', (message) => noise.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', ({ message }) => noise.push(message));
    page.on('dialog', (dialog) => noise.push(dialog.message()));
    page.on('request', (request) => request.url() === url || noise.push(`request of ${request.url()}`));
    await page.goto(url, { waitUntil: 'load' });
    return { page, noise };
  }

  for (const [name, report] of Object.entries(thorough ? REPORTS : { onSlowStorage, withDecoding })) {
    test(`${name}: its marks are true, its text can be read, and it asks for nothing`, { skip }, async (t) => {
      const { page, noise } = await open(t, report);
      const embedded: unknown = JSON.parse((await page.locator('#report').textContent()) ?? '');
      assert.deepEqual(embedded, JSON.parse(JSON.stringify(report)));
      for (const view of report === onSlowStorage ? [WIDE, NARROW, ...OTHERS] : [WIDE, NARROW]) {
        await page.setViewportSize({ width: view.width, height: 900 });
        await page.emulateMedia({ media: view.media ?? 'screen', colorScheme: view.colorScheme });
        const drawn = await inPage(page, marks);
        assertNumbers(drawn, report);
        assertPlaces(drawn);
        assertReadable(await inPage(page, lines), view);
      }
      assert.deepEqual(noise, []);
    });
  }

  test('has an order of headings, and words for what is drawn', { skip }, async (t) => {
    const { page } = await open(t, onSlowStorage);
    const { language, headings, unlabelled, loose } = await inPage(page, structure);
    assert.deepEqual([language, unlabelled, loose], ['en', [], 0]);
    assert.equal(headings.filter((level) => level === 1).length, 1);
    assert.ok(
      headings.every((level, index) => level <= (headings[index - 1] ?? 0) + 1),
      headings.join(' '),
    );
  });

  test('a script or a request that got into it would be refused, and noticed', { skip }, async (t) => {
    const { page, noise } = await open(t, onSlowStorage);
    await page.setContent(
      toHtml(onSlowStorage).replace('</main>', '<script>alert(1)</script><img src="http://[::1]:9/"></main>'),
    );
    const complaints = noise.join('\n');
    assert.match(complaints, /^error: Executing inline script violates/m);
    assert.match(complaints, /^error: Loading the image .* violates/m);
    assert.doesNotMatch(complaints, /^1$/m);
  });
});

/** Every number that the page shows as a mark is the one that stands in the report, and none is missing. */
function assertNumbers(drawn: readonly Mark[], report: BenchReport): void {
  for (const { strategy, figure, value } of drawn) {
    const root = strategy === null ? report : report.strategies.find((one) => one.strategy === strategy);
    assert.equal(value, JSON.stringify(at(root, figure)), `${strategy} ${figure}`);
  }
  for (const of of report.strategies) {
    const own = drawn.filter(({ strategy, tag }) => strategy === of.strategy && tag !== 'td');
    assert.deepEqual(own.map(({ figure }) => figure).toSorted(), figuresOf(of).toSorted());
    const cells = drawn.filter(({ strategy, tag }) => strategy === of.strategy && tag === 'td');
    // Figures of the table: 17, of which 3 are the main thread's or of the store's delay, 3 of the storage's time.
    const unknown =
      2 * Number(of.cpuMain === null) + 2 * Number(of.storeDelay === null) + 3 * Number(of.storage === null);
    assert.equal(cells.length, 17 - unknown);
  }
  const whole = drawn.filter(({ strategy }) => strategy === null).map(({ figure }) => figure);
  const tried = report.advice?.tried.map((_, index) => `advice.tried.${index}.filesPerSecond`) ?? [];
  const ratios = report.ratios.flatMap(({ ratio }, index) =>
    Number.isFinite(ratio.median) ? [`ratios.${index}.ratio.median`] : [],
  );
  assert.deepEqual(whole.toSorted(), [...tried, ...ratios].toSorted());
}

function at(root: unknown, path: string): unknown {
  return path.split('.').reduce((value, key) => (value as Record<string, unknown>)[key], root);
}

/** What is drawn of a strategy. */
function figuresOf({ cpuMain, storeDelay, storage, timeline }: StrategyReport): string[] {
  const spreads = ['filesPerSecond', 'cpuAll', 'peakMemory', 'network'];
  return [
    ...spreads.flatMap((path) => ['median', 'least', 'most'].map((end) => `${path}.${end}`)),
    ...['p50', 'p99', 'max'].map((quantile) => `loopDelay.${quantile}.median`),
    ...(cpuMain === null ? [] : ['cpuMain.median']),
    ...(storeDelay === null ? [] : ['storeDelay.p50.median', 'storeDelay.p99.median']),
    ...(storage === null ? [] : ['create', 'write', 'rename'].map((part) => `storage.${part}.median`)),
    ...(timeline.stored.length === 0 ? [] : ['fetched', 'stored', 'loopDelay'].map((line) => `timeline.${line}`)),
  ];
}

/** Marks stand, and bars end, where the axis has their values; lines end at their last one. */
function assertPlaces(drawn: readonly Mark[]): void {
  for (const mark of drawn) {
    const { tag, figure, strategy, value, shown, box, track, end } = mark;
    if (track === null || track.box.width === 0) continue;
    const label = `${strategy} ${figure} = ${value} (${shown})`;
    if (end !== null) {
      const last = (JSON.parse(value) as number[]).at(-1)!;
      close(end.x, track.box.right, label);
      close(end.y, track.box.bottom - share(last, track) * track.box.height, label);
      continue;
    }
    assert.ok(shown !== null, label);
    const expected = share(shown, track) * track.box.width;
    close(tag === 'rect' ? box.width : (box.left + box.right) / 2 - track.box.left, expected, label);
  }
}

/** Reckoned anew, not by the page's own axes. */
function share(value: number, { kind, least, most }: NonNullable<Mark['track']>): number {
  const place = kind === 'log' ? Math.log(value / least) / Math.log(most / least) : (value - least) / (most - least);
  return Math.min(1, Math.max(0, place));
}

function close(actual: number, expected: number, label: string): void {
  assert.ok(Math.abs(actual - expected) < 1, `${label}: at ${actual} instead of ${expected}`);
}

/** No text is cut off by the page, runs into another, or is too faint. */
function assertReadable(seen: { lines: readonly Line[]; width: number; page: string }, view: View): void {
  assert.ok(seen.lines.length > 100, `only ${seen.lines.length} lines of text`);
  assert.equal(seen.width, view.width);
  const isDark = Number(/\d+/.exec(seen.page)?.[0]) < 128;
  assert.equal(isDark, view.colorScheme === 'dark' && view.media !== 'print');
  for (const { text, box, contrast } of seen.lines) {
    assert.ok(box.left >= 0 && box.right <= view.width, `${text}: ${box.left} to ${box.right}`);
    assert.ok(contrast >= 4.5, `${text}: contrast ${contrast}`);
  }
  const overlaps = seen.lines.flatMap((one, index) =>
    seen.lines
      .slice(index + 1)
      .filter((other) => other.piece !== one.piece && overlap(one, other))
      .map((other) => `${one.text} / ${other.text}`),
  );
  assert.deepEqual(overlaps, []);
}

/** By more than fonts leave free above and below their letters. */
function overlap({ box: one }: Line, { box: other }: Line): boolean {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return width > 1 && height > 0.2 * Math.min(one.height, other.height);
}
