/** What is told of command lines that other programs would take, or that are nearly right. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sluice, warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';

const server = createServer((_request, answer) => answer.end('x'));
let host = '';
before(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

describe('an argument', () => {
  test('without a scheme is asked for by http', async (t) => {
    const { status, stderr } = await warmSluice(['get', `${host}/x`, `${host}/y?z`], { cwd: scratch(t) });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^2 files downloaded/m);
  });

  test('that is a word, or has another scheme, is none', async (t) => {
    for (const argument of ['foo', 'ftp://localhost/x', 'mailto:a@example.com', 'x/y.jpg']) {
      const { status, stderr } = await warmSluice(['get', argument], { cwd: scratch(t) });
      assert.equal(status, 2, argument);
      assert.match(stderr, /not an http or https URL|neither http nor https/);
    }
  });

  test('that is a file is taken for a list that was meant', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'urls.txt'), `http://${host}/x\n`);
    const { status, stderr } = await sluice(['get', 'urls.txt'], { cwd });
    assert.equal(status, 2);
    assert.match(stderr, /^\*\*\* Usage error: urls\.txt is a file here, and no URL: read it as a list: -i urls\.txt/);
  });
});

test('a URL in the place of a command says which command was meant', async () => {
  for (const url of ['http://example.com/a', 'example.com/a', 'localhost:8001/x']) {
    const { status, stderr } = await sluice([url], { cwd: '.' });
    assert.equal(status, 2);
    assert.ok(stderr.includes(`(Did you mean sluice get ${url}?)\n`), stderr);
  }
});

test('options of other programs say what they are called here', async () => {
  const told: Readonly<Record<string, string>> = {
    '-j5': "aria2's -j is --max-requests here.",
    '-P': "wget's -P is --directory here.",
    '-c': "wget's and aria2's -c is not needed here: the same command goes on where it was stopped.",
    '--dir=x': "aria2's --dir is --directory here.",
    '--retry': "curl's --retry is --tries here, which counts the first one, too.",
  };
  for (const [option, expected] of Object.entries(told)) {
    const { status, stderr } = await sluice(['get', option, 'http://localhost/x'], { cwd: '.' });
    assert.equal(status, 2);
    assert.ok(stderr.includes(`(${expected})\n`), stderr);
  }
});

test('--quiet and --verbose are refused together', async (t) => {
  const { status, stderr } = await warmSluice(['get', '-q', '-v', `http://${host}/x`], { cwd: scratch(t) });
  assert.equal(status, 2);
  assert.match(stderr, /^\*\*\* Usage error: --quiet does not go with --verbose: give one of them$/m);
});
