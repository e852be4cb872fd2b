/** Lists of other formats than lines, from files, folders, standard input and servers, through the built command. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sluice, warmSluice } from '../helpers/cli.js';
import { parquet } from '../helpers/lists.js';
import { scratch } from '../helpers/scratch.js';

describe('sluice get', () => {
  let server: Server;
  let base: string;
  let asked: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];
  before(async () => {
    server = createServer(({ url = '', headers }, response) => {
      asked.push({ url, headers });
      const to = /^\/to\/(\d+)(.*)$/.exec(url);
      if (url.startsWith('/f/')) response.end(`body of ${url}`);
      else if (url.startsWith('/list.csv')) response.end(gzipSync(csv()));
      else if (to !== null)
        response.writeHead(302, { location: to[1] === '0' ? to[2] : `/to/${Number(to[1]) - 1}${to[2]}` }).end();
      else if (url === '/large') response.end(`${'# nothing\n'.repeat(400_000)}${base}/f/a\n`);
      else if (url === '/page') response.end('<!DOCTYPE html><html>Sign in');
      else if (url === '/cut') {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(`${base}/f/a\n`);
        setTimeout(() => response.destroy(), 20);
      } else if (url === '/stall') {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(`${base}/f/a\n`);
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  function csv(): string {
    return `id,url,caption\n1,${base}/f/a,x\n2,${base}/f/b,"y, z"\n`;
  }

  function filesIn(cwd: string): string[] {
    const out = join(cwd, 'out');
    return existsSync(out) ? readdirSync(out).filter((name) => !name.startsWith('.')) : [];
  }

  test('reads csv from a file, from standard input and from a server, over redirects', async (t) => {
    for (const where of ['list.csv', '-', `${base}/list.csv?x`, `${base}/to/3/list.csv`]) {
      const cwd = scratch(t);
      writeFileSync(join(cwd, 'list.csv'), csv());
      const args = ['get', '-i', where, '-d', 'out', '--name-column', 'caption'];
      const ran = await (where === '-' ? sluice(args, { cwd, input: csv() }) : warmSluice(args, { cwd }));
      assert.equal(ran.status, 0, ran.stderr);
      assert.deepEqual(filesIn(cwd), ['x', 'y, z']);
      assert.equal(readFileSync(join(cwd, 'out', 'y, z'), 'utf8'), 'body of /f/b');
    }
  });

  test('reads a folder of lists of several formats, and the same again goes on', async (t) => {
    const cwd = scratch(t);
    const lists = join(cwd, 'lists');
    mkdirSync(lists);
    const rows = ['c', 'd'].map((name) => ({ url: `${base}/f/${name}`, name, checksum: '' }));
    writeFileSync(join(lists, 'part-0.parquet'), parquet(rows, 10, 1000));
    writeFileSync(join(lists, 'part-1.jsonl.gz'), gzipSync(`{"url":"${base}/f/e"}\n`));
    writeFileSync(join(lists, 'part-2.xml'), `<urlset><url><loc>${base}/f/f</loc></url></urlset>`);
    writeFileSync(join(lists, '_SUCCESS'), '');
    const ran = await warmSluice(['get', '-i', 'lists', '-d', 'out'], { cwd });
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(filesIn(cwd), ['c', 'd', 'e', 'f']);
    const again = await warmSluice(['get', '-i', 'lists', '-d', 'out'], { cwd });
    assert.match(again.stderr, /^4 files of an earlier run are there\.$/m);
  });

  test('asks for a list with the headers that were given and with the user of its URL, and tells no password', async (t) => {
    asked = [];
    const cwd = scratch(t);
    const at = base.replace('//', '//me:s3cret@');
    const ran = await warmSluice(['get', '-i', `${at}/none`, '-d', 'out', '--header', 'X-Token: t'], { cwd });
    assert.equal(ran.status, 2);
    assert.match(
      ran.stderr,
      /cannot read --input-file http:\/\/me:\*\*\*@127\.0\.0\.1:\d+\/none: the server answered 404: check the URL$/m,
    );
    assert.doesNotMatch(ran.stderr, /s3cret/);
    const headers = asked[0]?.headers ?? {};
    assert.deepEqual(
      [headers['x-token'], headers['authorization'], headers['accept-encoding']],
      ['t', `Basic ${Buffer.from('me:s3cret').toString('base64')}`, 'identity'],
    );
  });

  test('takes a list of megabytes from a server', async (t) => {
    const cwd = scratch(t);
    const ran = await warmSluice(['get', '-i', `${base}/large`, '-d', 'out'], { cwd });
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(filesIn(cwd), ['a']);
  });

  test('refuses lists that cannot be had from their server, with status 2', async (t) => {
    const reasons: Readonly<Record<string, RegExp>> = {
      '/page': /it is a web page, not a list: give the address of the list itself$/m,
      '/cut': /the connection was closed before the answer was whole/,
      '/stall': /the body stopped coming/,
      '/to/20/list.csv': /more than 10 redirects/,
    };
    for (const [path, reason] of Object.entries(reasons)) {
      const cwd = scratch(t);
      const args = path === '/stall' ? ['--timeout', '1'] : [];
      const ran = await warmSluice(['get', '-i', base + path, '-d', 'out', ...args], { cwd });
      assert.equal(ran.status, 2, path);
      assert.match(ran.stderr, reason);
      assert.deepEqual(filesIn(cwd), [], path);
    }
    const none = await warmSluice(['get', '-i', 'http://h:99999/', '-d', 'out'], { cwd: scratch(t) });
    assert.match(none.stderr, /--input-file http:\/\/h:99999\/: not a valid URL/);
  });

  test('refuses flags of lists that say nothing, and columns that are not there, before it requests anything', async (t) => {
    asked = [];
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list.csv'), csv());
    mkdirSync(join(cwd, 'empty'));
    const lines: Readonly<Record<string, RegExp>> = {
      '-i list.csv --url-col link': /list\.csv has no column link; it has id, url, caption/,
      '-i list.csv --keep-columns id,': /--keep-columns has an empty name/,
      '-i list.csv --checksum-column sha256:': /--checksum-column names no column/,
      '-i list.csv --input-format xls': /--input-format/,
      '-i empty': /--input-file empty is a folder without a list/,
      '-i - -i -': /--input-file - is given twice/,
    };
    for (const [line, reason] of Object.entries(lines)) {
      const ran = await warmSluice(['get', `${base}/f/a`, ...line.split(' '), '-d', 'out'], { cwd });
      assert.equal(ran.status, 2, line);
      assert.match(ran.stderr, reason);
    }
    assert.deepEqual(asked, []);
  });
});
