// Regular expressions of path names: RE2 syntax, groups, agreement with JavaScript, bounded work.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PathPattern } from '../../../core/config/path-pattern.ts';

describe('PathPattern.match()', () => {
  const cases: [pattern: string, name: string, groups: readonly string[] | undefined][] = [
    ['^cam(\\d+)$', 'cam12', ['cam12', '12']],
    ['^cam(\\d+)$', 'cam', undefined],
    ['^(test1|test2)$', 'test2', ['test2', 'test2']],
    ['^prefix', 'prefix/a', ['prefix']],
    ['b', 'abc', ['b']],
    ['', 'abc', ['']],
    ['(?P<name>[a-c]+)(?:-)(?<n>x?)', 'ab-', ['ab-', 'ab', '']],
    ['(?i)CAM', 'cam', ['cam']],
    ['a(?i)b|c', 'aC', ['C']],
    ['(?i:A)b', 'aB', undefined],
    ['^[[:alpha:]_-]+$', 'a_-Z', ['a_-Z']],
    ['^[^[:digit:]]$', '1', undefined],
    ['^[]a]+$', ']a', [']a']],
    ['^[a\\-z]+$', 'a-z', ['a-z']],
    ['\\Qa.b\\E$', 'a.b', ['a.b']],
    ['^\\x41\\x{42}$', 'AB', ['AB']],
    ['^\\pL+$', 'aé', ['aé']],
    ['^\\p{Greek}$', 'α', ['α']],
    ['^\\p{Greek}$', 'a', undefined],
    ['(a+?)(a*)', 'aaa', ['aaa', 'a', 'aa']],
    ['(?U)(a+)', 'aaa', ['a', 'a']],
    ['^a{2,3}$', 'aaaa', undefined],
    ['^a{2,}$', 'aaaa', ['aaaa']],
    ['^a{,2}$', 'a{,2}', ['a{,2}']],
    ['\\bcam\\b', 'x/cam/y', ['cam']],
    ['\\Acam\\z', 'cam', ['cam']],
    ['^.$', '\n', undefined],
    ['(?s)^.$', '\n', ['\n']],
    ['(?m)^b$', 'a\nb', ['b']],
  ];
  for (const [pattern, name, groups] of cases) {
    it(`${pattern} with ${JSON.stringify(name)} gives ${JSON.stringify(groups)}`, () =>
      assert.deepEqual(new PathPattern(pattern).match(name), groups));
  }

  it('needs no exponential time where backtracking would not end', () => {
    const name = `${'a'.repeat(254)}!`;
    assert.equal(new PathPattern('^(a+)+$').match(name), undefined);
    assert.equal(new PathPattern('^(a|aa)*(b?){100}c$').match(name), undefined);
  });

  it('finds what the JavaScript engine finds', () => {
    fc.assert(
      fc.property(regexText, fc.stringMatching(/^[abc]{0,8}$/u), (pattern, name) => {
        const expected = new RegExp(pattern, 'u').exec(name);
        assert.equal(new PathPattern(pattern).match(name)?.[0], expected?.[0]);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('new PathPattern()', () => {
  const refused = [
    ['(x', "'(' without ')'"],
    ['x)', "')' without '('"],
    ['[a', "'[' without ']'"],
    ['[z-a]', 'ends before it starts'],
    ['*a', 'nothing to repeat'],
    ['a**', 'is repeated'],
    ['a{3,2}', 'not a repetition'],
    ['x{1001}', 'at most 1000'],
    ['((x{1000}){1000}){1000}', 'too large'],
    ['a(?=b)', 'look-around'],
    ['(a)\\1', "'\\1'"],
    ['a\\', "'\\' at the end"],
    ['\\p{Klingon}', 'not a known class'],
    ['[[:nope:]]', 'not a known class'],
    ['('.repeat(200), 'too deep'],
    ['a'.repeat(5000), 'longer than'],
  ] as const;
  for (const [pattern, reason] of refused) {
    it(`refuses ${pattern.slice(0, 24)}: ${reason}`, () =>
      assert.throws(
        () => new PathPattern(pattern),
        (failure) =>
          failure instanceof Error &&
          failure.name === 'MediaError' &&
          failure.message.includes(reason),
      ));
  }

  it('throws nothing but MediaError for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[-()[\]{}*+?|\\^$.a-c0-9:,]*$/u)),
        (text) => {
          try {
            new PathPattern(text).match('abc/1');
          } catch (failure) {
            assert.equal(failure instanceof Error && failure.name, 'MediaError');
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

/** Patterns whose meaning is the same in RE2 and JavaScript. */
const regexText: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\w', '^', '$', '\\b'),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}${b}`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    // An empty loop body differs between engines, so something always stands before.
    fc
      .tuple(fc.constantFrom('a', 'b', '[bc]', 'ab'), fc.constantFrom('*', '+', '?', '*?', '{1,2}'))
      .map(([a, repeat]) => `(?:${a})${repeat}`),
    tie('node').map((a) => `(${a})`),
  ),
})).node;
