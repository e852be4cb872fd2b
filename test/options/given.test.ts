import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { download, type Outcome, UsageError } from '../../src/index.js';
import { OPTIONS } from '../../src/options/table.js';
import { checkGiven } from '../../src/options/given.js';
import { scratch } from '../helpers/scratch.js';

type Anything = Parameters<typeof download>;

/** What a program without types may give. */
function call(...given: readonly unknown[]): unknown {
  return download(...(given as unknown as Anything));
}

function says(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(`${error.message}: ${error.hint}`, pattern);
    return true;
  };
}

describe('what a program gives to the library', () => {
  test('is refused by the name of the property, not that of a flag', () => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ directory: 5 }, /^the option directory is no string: 5: give a string$/],
      [{ maxRequest: 5 }, /^there is no option maxRequest: did you mean maxRequests\?$/],
      [{ overwrite: 'yes' }, /^the option overwrite is no boolean: "yes"/],
      [{ update: 'yes' }, /^the option update is no boolean: "yes"/],
      [{ signal: 1 }, /^the option signal is no object: 1/],
      [{ nonsense: 1 }, /^there is no option nonsense: see the type DownloadOptions$/],
      [null, /^the options are no object: null/],
    ];
    for (const [options, pattern] of cases) assert.throws(() => call(['http://localhost/a'], options), says(pattern));
  });

  test('is a list: one URL says how to give it', () => {
    for (const one of ['http://localhost/a', new URL('http://localhost/a')]) {
      assert.throws(
        () => call(one),
        says(/^the first argument is one URL, not several: "http:\/\/localhost\/a": give an array/),
      );
    }
    for (const other of [undefined, null, 5, {}])
      assert.throws(() => call(other), says(/^the first argument is no list of URLs/));
  });

  test('may be undefined for each option, and each has a value that it takes', () => {
    for (const name of Object.keys(OPTIONS)) checkGiven({ [name]: undefined });
  });

  test('may be a URL object, and what is neither that nor a text is an error of its item', async (t) => {
    const server = createServer((_request, answer) => answer.end('x'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const wrong = [5, null, {}, { url: 5 }, { url: `${at}/c`, name: 5 }, { url: `${at}/d`, mirrors: 'x' }];
    const urls = [new URL(`${at}/a`), { url: new URL(`${at}/b`), name: 'given' }, ...wrong] as Anything[0];
    const outcomes: Outcome[] = [];
    for await (const outcome of download(urls, { directory: scratch(t) })) outcomes.push(outcome);
    outcomes.sort((a, b) => a.index - b.index);
    const names = outcomes.flatMap((outcome) => (outcome.status === 'ok' ? [outcome.name] : []));
    assert.deepEqual(names, ['a', 'given']);
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'error' ? [outcome.error] : []));
    assert.deepEqual(
      errors.map(({ code }) => code),
      wrong.map(() => 'LIST_LINE'),
    );
    assert.match(errors[0]?.message ?? '', /^urls:3: neither a URL nor an object with a url: 5$/);
    assert.match(errors[4]?.message ?? '', /its name is no text/);
  });
});
