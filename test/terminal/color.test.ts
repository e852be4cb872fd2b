import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { chooseColor, hasColors, marked, styled } from '../../src/terminal/color.js';

const terminal = { isTTY: true, hasColors: () => true } as unknown as NodeJS.WriteStream;
const dumb = { isTTY: true, hasColors: () => false } as unknown as NodeJS.WriteStream;
const pipe = { isTTY: false } as unknown as NodeJS.WriteStream;
const RED = '\u001b[31m';

afterEach(() => chooseColor([]));

describe('colours', () => {
  const cases: readonly (readonly [
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    onTerminal: boolean,
    onPipe: boolean,
  ])[] = [
    [[], {}, true, false],
    [['--color', 'auto'], {}, true, false],
    [[], { NO_COLOR: '1' }, false, false],
    [[], { NO_COLOR: '' }, true, false],
    [[], { FORCE_COLOR: '1' }, true, true],
    [[], { FORCE_COLOR: '1', NO_COLOR: '1' }, true, true],
    [[], { FORCE_COLOR: '0' }, false, false],
    [['--color', 'always'], { NO_COLOR: '1' }, true, true],
    [['--color=never'], { FORCE_COLOR: '1' }, false, false],
    [['--color=always', '--color', 'never'], {}, false, false],
    [['--', '--color', 'always'], {}, true, false],
    [['--color'], {}, true, false],
    [['--color', 'pink'], {}, true, false],
  ];
  for (const [args, env, onTerminal, onPipe] of cases) {
    test(`are ${onTerminal ? '' : 'not '}there on a terminal with ${args.join(' ') || 'nothing'} and ${JSON.stringify(env)}`, () => {
      chooseColor(['node', 'sluice', 'get', ...args]);
      assert.deepEqual([hasColors(terminal, env), hasColors(pipe, env)], [onTerminal, onPipe]);
    });
  }

  test('are not there by themselves on a terminal that has none', () => {
    assert.equal(hasColors(dumb, {}), false);
    chooseColor(['--color', 'always']);
    assert.equal(hasColors(dumb, {}), true);
  });

  test('mark what is wrong, and nothing of the text', () => {
    chooseColor(['--color', 'always']);
    assert.equal(marked('*** Error for http://h/x: gone\n', pipe), `${RED}*** Error\u001b[39m for http://h/x: gone\n`);
    assert.equal(marked('*** Usage error: x', pipe), `${RED}*** Usage error\u001b[39m: x`);
    assert.equal(marked('*** br.gif is missing', pipe), `${RED}*** \u001b[39mbr.gif is missing`);
    assert.equal(marked('*** Warning: x', pipe), '\u001b[33m*** Warning\u001b[39m: x');
    assert.equal(styled('x', 'bold', pipe), '\u001b[1mx\u001b[22m');
    chooseColor(['--color', 'never']);
    assert.equal(marked('*** Error: x', pipe), '*** Error: x');
  });
});
