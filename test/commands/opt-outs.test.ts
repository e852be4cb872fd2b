/** What is left out since whose server it is does not want it to be taken, as the commands tell of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { filesBelow } from '../helpers/folders.js';
import { warmSluice } from '../helpers/cli.js';
import { answer, type RawServer, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

describe('what is left out', () => {
  let server: RawServer;
  const requested: string[] = [];
  before(async () => {
    server = await startRawServer({
      onRequest: ({ path }) => {
        requested.push(path);
        if (path === '/robots.txt') return [answer('User-agent: *\nDisallow: /closed')];
        return [answer('x', path.startsWith('/tagged') ? 'X-Robots-Tag: noai\r\n' : '')];
      },
    });
  });
  after(() => server.close());
  beforeEach(() => (requested.length = 0));

  const RESPECT = ['--respect-robots', '--respect-directives=noai,noindex'];
  const urls = (...paths: readonly string[]): string[] => paths.map((path) => server.origin + path);

  test('is no error: it is counted, told with --verbose, in the report and by status, and has a status of its own in tables', async (t) => {
    const cwd = scratch(t);
    const given = [...urls('/a', '/closed/b', '/tagged/c'), '-d', 'out', ...RESPECT];
    const files = ['--report', 'r.json', '--metadata', 'm.csv'];
    const { status, stdout, stderr } = await warmSluice(['get', ...given, ...files, '-v'], { cwd });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^1 file downloaded.*\n2 left out: robots\.txt or X-Robots-Tag disallows it\.\n/m);
    assert.doesNotMatch(stderr, /Error/);
    assert.match(stdout, /^http:\S+\/closed\/b: robots\.txt disallows it, left out$/m);
    assert.match(stdout, /^http:\S+\/tagged\/c: X-Robots-Tag says noai, left out$/m);
    const report = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as Record<string, unknown>;
    assert.deepEqual([report['ok'], report['disallowed'], report['errors'], report['failures']], [1, 2, 0, []]);
    assert.deepEqual(filesBelow(join(cwd, 'out')), ['a']);

    const rows = readFileSync(join(cwd, 'm.csv'), 'utf8');
    assert.match(rows, /^\S+\/closed\/b,b,disallowed,ROBOTS_TXT,/m);
    assert.match(rows, /^\S+\/tagged\/c,c,disallowed,ROBOTS_TAG,/m);
    const args = ['export', 'out', '--format', 'csv', '--fields', 'name,error,http_status', '--status', 'disallowed'];
    assert.equal((await warmSluice(args, { cwd })).stdout, 'name,error,http_status\nb,ROBOTS_TXT,\nc,ROBOTS_TAG,200\n');
    assert.equal((await warmSluice(['export', 'out', '--format', 'urls'], { cwd })).stdout, '');

    const told = await warmSluice(['status', 'out'], { cwd });
    assert.equal(told.status, 0);
    assert.match(told.stdout, /^2 left out: robots\.txt or X-Robots-Tag disallows it\.$/m);
    assert.doesNotMatch(told.stdout, /Error|sluice retry/);
    const json = JSON.parse((await warmSluice(['status', 'out', '--json'], { cwd })).stdout) as Record<string, unknown>;
    assert.deepEqual([json['stored'], json['disallowed'], json['errors'], json['failures']], [1, 2, 0, []]);
  });

  test('is asked for again by the same command, and not by retry, which is about what failed', async (t) => {
    const cwd = scratch(t);
    const given = ['get', ...urls('/a', '/closed/b', '/tagged/c'), '-d', 'out'];
    await warmSluice([...given, ...RESPECT], { cwd });
    requested.length = 0;
    assert.equal((await warmSluice(['retry', 'out'], { cwd })).status, 0);
    assert.deepEqual(requested, []);
    await warmSluice([...given, ...RESPECT], { cwd });
    assert.deepEqual(new Set(requested), new Set(['/robots.txt', '/tagged/c']));
    assert.equal(requested.length, 2);
    await warmSluice(given, { cwd });
    assert.deepEqual(filesBelow(join(cwd, 'out')).sort(), ['a', 'b', 'c']);
  });

  test('is beside the shards of a dataset with the reason, which can be counted', async (t) => {
    const cwd = scratch(t);
    const given = [...urls('/a', '/closed/b', '/closed/d', '/tagged/c'), '-d', 'out', '--layout', 'tar'];
    const { status } = await warmSluice(['get', ...given, '--dataset', 'img2dataset', ...RESPECT], { cwd });
    assert.equal(status, 0);
    const stats = JSON.parse(readFileSync(join(cwd, 'out', '00000_stats.json'), 'utf8')) as Record<string, unknown>;
    assert.deepEqual(stats['status_dict'], {
      success: 1,
      'robots.txt disallows it': 2,
      'X-Robots-Tag says noai': 1,
    });
  });

  test('is what the default directives say where none is named, and a URL is not taken for one', async (t) => {
    const cwd = scratch(t);
    const [url = ''] = urls('/tagged/a');
    const wrong = await warmSluice(['get', '-d', 'out', '--respect-directives', url], { cwd });
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /argument 'http:\S+' is invalid\. Give names/);
    const { stderr } = await warmSluice(['get', url, '-d', 'out', '--respect-directives'], { cwd });
    assert.match(stderr, /^1 left out/m);
  });

  test('asks as --user-agent says, which curl and wget call -A and -U, or as the program and its version', async (t) => {
    const cwd = scratch(t);
    const said: (string | undefined)[] = [];
    for (const flags of [['--user-agent', 'a/1'], ['-U', 'a/2'], ['-A', 'a/3'], []]) {
      await warmSluice(['get', ...urls('/a'), '-d', 'out', '--no-journal', '--overwrite', ...flags], { cwd });
      said.push(/^user-agent: (.*)\r?$/im.exec(server.requests.at(-1)?.head ?? '')?.[1]);
    }
    assert.deepEqual(said.slice(0, 3), ['a/1', 'a/2', 'a/3']);
    assert.match(said[3] ?? '', /^sluice\/\d+\.\d+\.\d+\S*$/);
    const wrong = await warmSluice(['get', ...urls('/a'), '-U', 'a\r\nb: c'], { cwd });
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /--user-agent .* cannot be sent/);
  });
});
