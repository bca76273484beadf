// Patterns of named tokens against a plain reading of what they mean.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matchesUrlPattern, urlPatternFault } from '../../../pro/token/url-pattern.ts';

describe('matchesUrlPattern()', () => {
  for (const [pattern, path, matches] of [
    ['/api/v2/info', '/api/v2/info', true],
    ['/api/v2/info', '/api/v2/info/', false],
    ['*', '/anything/at/all', true],
    ['/api/*', '/api/v2/paths/list', true],
    ['/api/*', '/api', false],
    ['/a*a', '/a', false],
    ['/a*a', '/aa', true],
    ['/res/*.mp4', '/res/x/y.mp4', true],
    ['/*/get/*', '/api/v2/paths/get/cam', true],
    ['/*/get/*', '/api/v2/paths/list', false],
    ['/a.c', '/abc', false],
  ] as const) {
    it(`${pattern} ${matches ? 'takes' : 'refuses'} ${path}`, () =>
      assert.equal(matchesUrlPattern(pattern, path), matches));
  }

  it('means what the same regular expression means', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', 'ab');
    const pattern = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
    const path = fc
      .array(fc.constantFrom('a', 'b', '/'), { maxLength: 10 })
      .map((p) => `/${p.join('')}`);
    fc.assert(
      fc.property(pattern, path, (wanted, shown) => {
        const expression = new RegExp(`^${wanted.replaceAll('*', '.*')}$`, 'su');
        assert.equal(matchesUrlPattern(wanted, shown), expression.test(shown));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('urlPatternFault()', () => {
  for (const [pattern, isFine] of [
    ['/api/*', true],
    ['*', true],
    ['', false],
    ['api', false],
    ['/a\tb', false],
    [`/${'x'.repeat(1024)}`, false],
  ] as const) {
    it(`${isFine ? 'accepts' : 'refuses'} '${pattern.slice(0, 20)}'`, () =>
      assert.equal(urlPatternFault(pattern) === undefined, isFine));
  }
});
