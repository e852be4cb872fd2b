import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { allows, parseRobots } from '../../src/fetch/robots-rules.js';
import { assertInTime } from '../helpers/in-time.js';

const isAllowed = (text: string, path: string, token = 'sluice'): boolean => allows(parseRobots(text, token), path);
const everyone = (...lines: readonly string[]): string => ['User-agent: *', ...lines].join('\n');

describe('robots.txt', () => {
  // The example of RFC 9309, 5.1, and those of 2.2.2 and 2.2.3.
  const simple = `User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n
User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n
User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n
User-Agent: quxbot\n\nEOF`;
  const examples: readonly [token: string, path: string, isAllowed: boolean][] = [
    ['sluice', '/a.gif', false],
    ['sluice', '/a.gif?x', true],
    ['sluice', '/example/x', false],
    ['sluice', '/publications/x', true],
    ['foobot', '/x', false],
    ['foobot', '/example/page.html', true],
    ['foobot', '/example/allowed.gif', true],
    ['barbot', '/example/page.html', false],
    ['bazbot', '/example/page.html', false],
    ['bazbot', '/a.gif', true],
    ['quxbot', '/a.gif', true],
  ];
  for (const [token, path, expected] of examples) {
    it(`${expected ? 'allows' : 'disallows'} ${token} ${path}, by the example of its RFC`, () => {
      assert.equal(isAllowed(simple, path, token), expected);
    });
  }

  const rules: readonly [rule: string, path: string, matches: boolean][] = [
    ['/', '/', true],
    ['/fish', '/fish.html', true],
    ['/fish', '/Fish', false],
    ['/fish*', '/fishheads/yummy.html', true],
    ['/fish/', '/fish', false],
    ['/*.php', '/folder/filename.php?parameters', true],
    ['/*.php$', '/filename.php?parameters', false],
    ['/*.php$', '/a.php/b.php', true],
    ['/*$', '/anything', true],
    ['*', '/', true],
    ['/a*b*c', '/axbxc', true],
    ['/a*b*c', '/acb', false],
    ['/a*aa$', '/aa', false],
    ['/a$b', '/a$b', true],
    ['/path/file-with-a-%2A.html', '/path/file-with-a-*.html', false],
    ['/foo/bar?baz=https://foo.bar', '/foo/bar?baz=https%3A%2F%2Ffoo.bar', false],
    ['/foo/bar/ツ', '/foo/bar/%E3%83%84', true],
    ['/foo/bar/%e3%83%84', '/foo/bar/%E3%83%84', true],
    ['/foo/bar/%62%61%7A', '/foo/bar/baz', true],
    ['/a%2fb', '/a/b', false],
    ['/with space', '/with%20space', true],
    ['', '/anything', false],
  ];
  for (const [rule, path, expected] of rules) {
    it(`has Disallow: ${rule} ${expected ? 'match' : 'not match'} ${path}`, () => {
      assert.equal(!isAllowed(everyone(`Disallow: ${rule}`), path), expected);
    });
  }

  it('has the longest rule count, and of two as long the one that allows', () => {
    assert.equal(isAllowed(everyone('Disallow: /page', 'Allow: /page'), '/page'), true);
    assert.equal(isAllowed(everyone('Allow: /p', 'Disallow: /page'), '/page'), false);
    assert.equal(isAllowed(everyone('Disallow: /*.gif', 'Allow: /public/'), '/public/a.gif'), true);
  });

  it('counts groups of one name as one, whatever its case and version, and lets nothing else in between end them', () => {
    const text =
      'User-agent: other\nDisallow: /\nUser-agent: Sluice/9.9\nSitemap: http://a/\nUser-agent: third\nDisallow: /a\n\n' +
      'User-agent: *\nDisallow: /every\nUser-agent: sluice\nDisallow: /b';
    for (const [path, expected] of [
      ['/a', false],
      ['/b', false],
      ['/every', true],
      ['/c', true],
    ] as const) {
      assert.equal(isAllowed(text, path), expected, path);
    }
    assert.equal(isAllowed(text, '/every', 'nobody'), false);
    assert.equal(isAllowed('User-agent: sluicer\nDisallow: /', '/'), true);
    assert.equal(isAllowed('User-agent: sluice\nUser-agent: *\nDisallow: /', '/'), false);
  });

  it('is read whatever its line ends, comments, blanks and byte order mark', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = `\ufeff# hello${end} user-AGENT : * # all${end}${end}DISALLOW :/a b # not here${end}`;
      assert.equal(isAllowed(text, '/a%20b'), false, JSON.stringify(end));
      assert.equal(isAllowed(text, '/a'), true);
    }
    assert.equal(isAllowed('Disallow: /', '/'), true, 'no name before it');
    assert.equal(isAllowed('<html>User-agent: *</html>', '/'), true);
  });

  it('tells the longest Crawl-delay that is meant for us', () => {
    const text =
      'User-agent: *\nCrawl-delay: 60\nUser-agent: a\nUser-agent: sluice\nCrawl-delay: 1.5\nDisallow:\nCrawl-delay: 1';
    assert.equal(parseRobots(text, 'sluice').delay, 1_500);
    assert.equal(parseRobots(text, 'b').delay, 60_000);
    assert.equal(parseRobots(everyone('Crawl-delay: soon', 'Crawl-delay: -1'), 'b').delay, 0);
  });

  it('always allows robots.txt itself', () => {
    assert.equal(isAllowed(everyone('Disallow: /'), '/robots.txt'), true);
  });

  it('matches as the same pattern does as a regular expression', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', '.', '$');
    const property = fc.property(fc.array(piece, { maxLength: 8 }), fc.array(piece, { maxLength: 10 }), (rule, way) => {
      const [pattern, path] = [`/${rule.join('')}`, `/${way.join('')}`];
      const isWhole = pattern.endsWith('$');
      const source = (isWhole ? pattern.slice(0, -1) : pattern)
        .split('*')
        .map((part) => part.replaceAll(/[.$/]/g, '\\$&'))
        .join('.*');
      const expected = new RegExp(`^${source}${isWhole ? '$' : ''}`).test(path);
      assert.equal(!isAllowed(everyone(`Disallow: ${pattern}`), path), expected, `${pattern} ${path}`);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it('takes no time from which a run would suffer, whatever it says', () => {
    const pattern = `/${'*a'.repeat(50)}*b`;
    const text = everyone(...Array.from({ length: 4_000 }, (_, i) => `Disallow: ${pattern}${i}`));
    const started = performance.now();
    assert.equal(isAllowed(text, `/${'a'.repeat(60_000)}`), true);
    assertInTime(performance.now() - started, 5_000);
  });
});
