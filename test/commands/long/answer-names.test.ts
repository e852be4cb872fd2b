/** Names that depend on the answer, through the built command line. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { answerAt, serveAnswers } from '../../helpers/answers-server.js';
import { warmSluice } from '../../helpers/cli.js';
import { entriesBelow } from '../../helpers/folders.js';
import { asAfterKill } from '../../helpers/journals.js';
import { killAgainAndAgain } from '../../helpers/renamed.js';
import { scratch } from '../../helpers/scratch.js';

const posix = process.platform === 'win32' && 'Windows has no kill -9';

/** Names of files below a folder, but for the program's own. */
function files(folder: string): string[] {
  return entriesBelow(folder)
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => !name.startsWith('.sluice'))
    .toSorted();
}

describe('names that depend on the answer', () => {
  const server = serveAnswers();
  const disposition = (name: string): Record<string, string> => ({ cd: `attachment; filename="${name}"` });

  async function get(cwd: string, ...args: string[]): Promise<string> {
    const { status, stderr } = await warmSluice(['get', '-d', 'there', ...args], { cwd });
    assert.equal(status, 0, stderr);
    return stderr;
  }

  /** Runs twice: the second run requests nothing. */
  async function twice(cwd: string, ...args: string[]): Promise<string[]> {
    await get(cwd, ...args);
    const names = files(join(cwd, 'there'));
    server.forget();
    await get(cwd, ...args);
    assert.deepEqual(server.requested, []);
    assert.deepEqual(files(join(cwd, 'there')), names);
    return names;
  }

  for (const executor of ['pool', 'inline', 'libuv', 'threads']) {
    test(`--content-disposition, --trust-server-names, --adjust-extension and all of them, by ${executor}`, async (t) => {
      const urls = [
        server.at('/download', { ...disposition('report.pdf'), type: 'application/pdf' }),
        server.at('/page.asp', { type: 'text/html; charset=utf-8' }),
        server.at('/latest', { to: '/v2/tool-2.zip' }),
        server.at('/plain.txt'),
      ];
      const args = ['--executor', executor, ...urls];
      assert.deepEqual(await twice(scratch(t), ...args), ['download', 'latest', 'page.asp', 'plain.txt']);
      assert.deepEqual(await twice(scratch(t), '--content-disposition', ...args), [
        'latest',
        'page.asp',
        'plain.txt',
        'report.pdf',
      ]);
      assert.deepEqual(await twice(scratch(t), '--trust-server-names', ...args), [
        'download',
        'page.asp',
        'plain.txt',
        'tool-2.zip',
      ]);
      assert.deepEqual(await twice(scratch(t), '--adjust-extension', ...args), [
        'download.pdf',
        'latest',
        'page.asp.html',
        'plain.txt',
      ]);
      const all = ['--content-disposition', '--trust-server-names', '--adjust-extension', ...args];
      assert.deepEqual(await twice(scratch(t), ...all), ['page.asp.html', 'plain.txt', 'report.pdf', 'tool-2.zip']);
    });
  }

  test('-J and --remote-header-name are known, as curl has them', async (t) => {
    const url = server.at('/a', disposition('b.txt'));
    assert.deepEqual(await twice(scratch(t), '-J', url), ['b.txt']);
    assert.deepEqual(await twice(scratch(t), '--remote-header-name', url), ['b.txt']);
  });

  test('a hostile name stays in the destination and replaces nothing', async (t) => {
    const cwd = scratch(t);
    const hostile = ['../../x', '/etc/passwd', 'C:\\\\y', '.sluice', '..', 'con', '-rf'];
    const urls = hostile.map((name, at) => server.at(`/f${at}`, disposition(name)));
    const names = await twice(cwd, '--content-disposition', ...urls);
    assert.deepEqual(names, ['_-rf', '_.sluice', '_con', 'f4', 'passwd', 'x', 'y']);
    assert.deepEqual(readdirSync(cwd), ['there']);
  });

  test('the second item of a name gets the mark, and so does a later item of the list whose name was given away', async (t) => {
    const cwd = scratch(t);
    const urls = [
      server.at('/1', disposition('same.txt')),
      server.at('/2', disposition('SAME.txt')),
      server.at('/taken.txt'),
      server.at('/3', disposition('taken.txt')),
    ];
    const names = await twice(cwd, '-m', '1', '--content-disposition', ...urls);
    assert.equal(names.length, 4);
    const [marked, same] = names.filter((name) => /^same/i.test(name));
    assert.match(`${marked} ${same}`, /^SAME-[0-9a-f]{8}\.txt same\.txt$/);
    assert.equal(readFileSync(join(cwd, 'there', 'taken.txt'), 'utf8'), 'body of /taken.txt\n');
    // More lines than are begun ahead: the last one comes when its name was given away.
    const list = Array.from({ length: 3000 }, (_, at) => server.at(`/n${at}`));
    list[0] = server.at('/first', disposition('late.txt'));
    list.push(server.at('/late.txt'), `${server.at('/x')}\tlate.txt`);
    writeFileSync(join(cwd, 'list'), list.join('\n'));
    const many = await twice(cwd, '-i', 'list', '-d', 'many', '--content-disposition');
    assert.ok(many.length === 4, 'the other destination is as it was');
    const late = files(join(cwd, 'many')).filter((name) => name.startsWith('late'));
    assert.equal(late.length, 3);
    assert.equal(readFileSync(join(cwd, 'many', 'late.txt'), 'utf8').split('?')[0], 'body of /first');
  });

  test('what --on-exists says counts for the new name, too', async (t) => {
    const url = server.at('/a', disposition('b.txt'));
    const outcomes = { error: 1, skip: 0, overwrite: 0, rename: 0 };
    const executors = ['pool', 'threads'];
    const all = Object.entries(outcomes).flatMap((outcome) =>
      executors.map((executor) => [executor, ...outcome] as const),
    );
    for (const [executor, what, expected] of all) {
      const cwd = scratch(t);
      await get(cwd, server.at('/other'));
      const mine = join(cwd, 'there', 'b.txt');
      writeFileSync(mine, 'mine');
      const args = ['get', '-d', 'there', '--content-disposition', '--on-exists', what, '--executor', executor, url];
      const { status, stderr } = await warmSluice(args, { cwd });
      assert.equal(status, expected, stderr);
      assert.equal(readFileSync(mine, 'utf8') === 'mine', what !== 'overwrite');
      assert.equal(existsSync(join(cwd, 'there', 'b.1.txt')), what === 'rename');
      if (what === 'error') assert.match(stderr, /STORE_EXISTS|b\.txt is in .* already/);
      if (what !== 'rename') continue;
      server.forget();
      await get(cwd, '--content-disposition', '--on-exists', what, url);
      assert.deepEqual(server.requested, []);
    }
  });

  test('names that a list gives stay, those of --name but for the extension, those of -x but for the last part', async (t) => {
    const answer = { ...disposition('told.bin'), type: 'text/html' };
    const all = ['--content-disposition', '--adjust-extension'];
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), `${server.at('/a', answer)}\tgiven.dat\n`);
    assert.deepEqual(await twice(cwd, ...all, '-i', 'list'), ['given.dat']);
    const url = server.at('/dir/a', answer);
    assert.deepEqual(await twice(scratch(t), ...all, '--name', 'x/{index}', url), ['x/0.html']);
    const host = server.origin.slice('http://'.length).replace(':', '+');
    assert.deepEqual(await twice(scratch(t), ...all, '-x', url), [`${host}/dir/told.bin`]);
  });

  test('verify, status, export and retry use the name; what is repaired keeps it, and what failed gets it', async (t) => {
    const cwd = scratch(t);
    const url = server.at('/a', disposition('b.txt'));
    await get(cwd, '--content-disposition', url);
    const run = (...args: string[]): ReturnType<typeof warmSluice> => warmSluice(args, { cwd });
    assert.equal((await run('verify', 'there')).status, 0);
    assert.match((await run('export', 'there', '--format', 'csv')).stdout, /b\.txt/);
    assert.equal((await run('status', 'there')).status, 0);
    writeFileSync(join(cwd, 'there', 'b.txt'), 'broken');
    const verified = await run('verify', 'there');
    assert.equal(verified.status, 1);
    assert.match(verified.stdout + verified.stderr, /b\.txt/);
    assert.equal((await run('verify', 'there', '--repair')).status, 0);
    assert.deepEqual(files(join(cwd, 'there')), ['b.txt']);
    assert.deepEqual(readFileSync(join(cwd, 'there', 'b.txt')), answerAt(url.slice(server.origin.length)));
    rmSync(join(cwd, 'there', 'b.txt'));
    assert.equal((await run('verify', 'there', '--repair')).status, 0);
    assert.deepEqual(files(join(cwd, 'there')), ['b.txt']);
    server.forget();
    await get(cwd, url);
    assert.deepEqual(server.requested, [], 'without the flag it is known, too');
    rmSync(join(cwd, 'there', 'b.txt'));
    await get(cwd, '--content-disposition', url);
    assert.deepEqual(files(join(cwd, 'there')), ['b.txt']);
    // One that failed gets its name from the try that brings it.
    const refused = server.at('/c', { to: 'http://localhost:1/', ...disposition('d.txt') });
    await run('get', '-d', 'there', '--content-disposition', '--tries', '1', refused);
    assert.equal((await run('retry', 'there', '--content-disposition', '--tries', '1')).status, 1);
  });

  test('large bodies, which are written in parts, get the name, too', async (t) => {
    const url = server.at('/large', { ...disposition('big.bin'), size: String(3 << 20) });
    for (const executor of ['pool', 'inline', 'libuv', 'threads']) {
      const cwd = scratch(t);
      assert.deepEqual(await twice(cwd, '--content-disposition', '--executor', executor, url), ['big.bin']);
      const expected = answerAt(url.slice(server.origin.length));
      assert.ok(readFileSync(join(cwd, 'there', 'big.bin')).equals(expected));
    }
  });

  test('a body that breaks off goes on under the name that its beginning was given, whatever is told with the rest', async (t) => {
    const url = server.at('/cut', { ...disposition('whole.bin'), size: String(4 << 20), cut: String(3 << 20) });
    const cwd = scratch(t);
    await get(cwd, '--content-disposition', url);
    assert.equal(server.requested.length, 2);
    assert.deepEqual(files(join(cwd, 'there')), ['whole.bin']);
    assert.ok(readFileSync(join(cwd, 'there', 'whole.bin')).equals(answerAt(url.slice(server.origin.length))));
  });

  test('what a killed run has stored and not written down is taken under its name, or replaced after a crash of the machine', async (t) => {
    const urls = [server.at('/a', disposition('b.txt')), server.at('/c', disposition('b.txt'))];
    for (const boot of [undefined, 'another']) {
      const cwd = scratch(t);
      await get(cwd, '-m', '1', '--content-disposition', ...urls);
      const names = files(join(cwd, 'there'));
      asAfterKill(join(cwd, 'there', '.sluice', 'journal'), { stored: false, ...(boot !== undefined && { boot }) });
      if (boot !== undefined) for (const name of names) writeFileSync(join(cwd, 'there', name), 'torn');
      server.forget();
      await get(cwd, '--content-disposition', ...urls);
      assert.equal(server.requested.length, boot === undefined ? 0 : 2);
      assert.deepEqual(files(join(cwd, 'there')), names);
      assert.equal((await warmSluice(['verify', 'there'], { cwd })).status, 0);
      assert.equal(readFileSync(join(cwd, 'there', 'b.txt'), 'utf8').slice(0, 10), 'body of /a');
    }
  });

  test('verify --repair goes on with the names that are left in a journal that is damaged', async (t) => {
    for (const layout of ['flat', 'tar']) {
      const cwd = scratch(t);
      const args = ['--layout', layout, '--content-disposition'];
      await get(cwd, ...args, server.at('/a', disposition('b.txt')));
      const journal = join(cwd, 'there', '.sluice', 'journal');
      const damagedAt = readFileSync(journal).length - 40;
      const url = server.at('/c', disposition('d.txt'));
      await get(cwd, ...args, url);
      const bytes = readFileSync(journal);
      bytes.writeUInt8(bytes.readUInt8(damagedAt) ^ 1, damagedAt);
      writeFileSync(journal, bytes);
      const { status, stderr } = await warmSluice(['verify', 'there', '--repair'], { cwd });
      assert.equal(status, 0, stderr);
      server.forget();
      await get(cwd, ...args, url);
      assert.deepEqual(server.requested, []);
      assert.equal((await warmSluice(['verify', 'there'], { cwd })).status, 0);
    }
  });

  test('a mirror’s answer counts as any other, and the one that brings what the list says has the last word', async (t) => {
    const right = server.at('/right', { type: 'application/pdf' });
    const wrong = server.at('/wrong', { type: 'text/html' });
    const missing = server.at('/missing', { to: 'http://localhost:1/' });
    const sum = createHash('sha256')
      .update(answerAt(right.slice(server.origin.length)))
      .digest('hex');
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), `${missing}\t${wrong}\t${right}\n  checksum=sha-256=${sum}\n`);
    const args = ['--adjust-extension', '--tries', '1', '-i', 'list', '--input-format', 'aria2'];
    assert.deepEqual(await twice(cwd, ...args), ['missing.pdf']);
    assert.equal((await warmSluice(['verify', 'there'], { cwd })).status, 0);
  });

  test('a run that replaces files gives them the names that they had, and so does the one that goes on with it', async (t) => {
    const cwd = scratch(t);
    const urls = [server.at('/a', disposition('b.txt')), server.at('/c', disposition('d.txt'))];
    const args = ['--content-disposition', '--overwrite', ...urls];
    for (const killed of [false, false, true]) {
      if (killed) {
        asAfterKill(join(cwd, 'there', '.sluice', 'journal'), { stored: false });
        rmSync(join(cwd, 'there', 'b.txt'));
      }
      await get(cwd, ...args);
      assert.deepEqual(files(join(cwd, 'there')), ['b.txt', 'd.txt']);
    }
  });

  test('hashed: in the folder of its URL; tar: in the description, with the extension of the member', async (t) => {
    const urls = ['b.txt', 'b.txt'].map((name, at) => server.at(`/${at}`, disposition(name)));
    const hashed = await twice(scratch(t), '--layout', 'hashed', '--content-disposition', ...urls);
    assert.ok(
      hashed.every((name) => /^[0-9a-f]\/[0-9a-f]\/b\.txt$/.test(name)),
      hashed.join(' '),
    );
    const cwd = scratch(t);
    assert.deepEqual(await twice(cwd, '--layout', 'tar', '--content-disposition', ...urls), ['00000.tar']);
    const shard = readFileSync(join(cwd, 'there', '00000.tar'), 'latin1');
    assert.match(shard, /000000000\.txt\0/);
    assert.match(shard, /"name":"b\.txt"/);
    assert.match(shard, /"name":"b-[0-9a-f]{8}\.txt"/);
    assert.equal((await warmSluice(['verify', 'there'], { cwd })).status, 0);
  });

  test('without a journal names are safe and unique in the run', async (t) => {
    const cwd = scratch(t);
    const urls = ['b.txt', 'b.txt'].map((name, at) => server.at(`/${at}`, disposition(name)));
    await get(cwd, '--no-journal', '--content-disposition', ...urls);
    assert.match(files(join(cwd, 'there')).join(' '), /^b-[0-9a-f]{8}\.txt b\.txt$/);
  });

  test(
    'after kill -9 the journal knows every file by its name, and nothing is requested again',
    { skip: posix },
    async (t) => {
      const counts = await killAgainAndAgain(server, { folder: scratch(t), kills: 3, seed: 11, layout: 'flat' });
      t.diagnostic(JSON.stringify(counts));
      assert.ok(counts.files > 0);
    },
  );
});
