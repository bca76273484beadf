// Commands to words, and variables in them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expandArguments } from '../../../core/hooks/expand-arguments.ts';
import { encodeQuery, pathVariables } from '../../../core/hooks/hook-environment.ts';
import { splitCommand } from '../../../core/hooks/split-command.ts';

describe('splitCommand()', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['a b  c\t d\n', ['a', 'b', 'c', 'd']],
    ['a "b c" \'d "e"\'', ['a', 'b c', 'd "e"']],
    ['a b"c d"e', ['a', 'bc de']],
    ['a "" \'\'', ['a', '', '']],
    ['a \\"b \\ c', ['a', '"b', ' c']],
    ['a "\\$x \\" \\\\ \\n"', ['a', '$x " \\ \\n']],
    ["a '\\n'", ['a', '\\n']],
    ['a b\\\nc', ['a', 'bc']],
    ['a | b > c; $(d)', ['a', '|', 'b', '>', 'c;', '$(d)']],
  ];
  for (const [text, words] of cases) {
    it(`splits ${JSON.stringify(text)}`, () => assert.deepEqual(splitCommand(text), words));
  }

  for (const text of ['', '  ', "a 'b", 'a "b', 'a \\', "'' a"]) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => splitCommand(text), { code: 'hook-malformed' }));
  }

  it('gives back any words that were quoted', () => {
    const word = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const text = ['run', ...words.map((each) => `'${each.replaceAll("'", "'\\''")}'`)].join(
          ' ',
        );
        assert.deepEqual(splitCommand(text), ['run', ...words]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('expandArguments()', () => {
  const variables = {
    MTX_PATH: 'cam',
    G1: 'one two',
    EVIL: '$MTX_PATH; rm -rf "',
    constructor: 'c',
  };

  it('fills in plain and braced names, and nothing for unknown ones', () => {
    assert.deepEqual(expandArguments(['a', '$MTX_PATH-${MTX_PATH}x', '$NOBODY', '$'], variables), [
      ...['a', 'cam-camx', '', '$'],
    ]);
    assert.deepEqual(expandArguments(['a', '$toString'], variables), ['a', '']);
  });

  it('neither splits a value nor looks at it again', () => {
    assert.deepEqual(expandArguments(['a', '$G1', '$EVIL'], variables), [
      ...['a', 'one two', '$MTX_PATH; rm -rf "'],
    ]);
  });

  it('leaves the script of a shell to the shell', () => {
    for (const shell of [
      ['sh', '-c'],
      ['/bin/bash', '-ec'],
      ['nice', 'bash', '-c'],
    ] as const) {
      const [program, ...args] = shell;
      const words = expandArguments([program, ...args, 'echo $EVIL', '$MTX_PATH'], variables);
      assert.deepEqual(words, [...shell, 'echo $EVIL', 'cam']);
    }
  });
});

describe('variables of hooks', () => {
  it('are those of the peer', () => {
    const path = { name: 'cam/1', groups: ['cam/1', 'cam', '1'], rtspPort: '8554' };
    assert.deepEqual(pathVariables(path), {
      ...{ MTX_PATH: 'cam/1', RTSP_PATH: 'cam/1', RTSP_PORT: '8554', G1: 'cam', G2: '1' },
    });
  });

  it('carry a query without any character of a shell', () => {
    assert.equal(encodeQuery('a=b&c=d e'), 'a%3Db%26c%3Dd+e');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (query) => {
        assert.match(encodeQuery(query), /^[A-Za-z0-9_.~%+-]*$/u);
      }),
      { numRuns: 2000 },
    );
  });
});
