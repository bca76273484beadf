// The expression for every path name but some, matched by the engine that reads it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { allNamesBut } from '../../../core/config/all-names-but.ts';
import { PathPattern } from '../../../core/config/path-pattern.ts';

describe('allNamesBut()', () => {
  it('takes every name that is not on the list, and none that is', () => {
    // Few letters, so that names begin alike.
    const name = fc.stringMatching(/^[ab_./-]{1,6}$/u);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 6 }), fc.array(name), (names, others) => {
        const pattern = new PathPattern(allNamesBut(names));
        for (const each of ['', ...names, ...others, ...names.map((text) => `${text}a`)]) {
          assert.equal(pattern.match(each) !== undefined, !names.includes(each), each);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stays readable for the names of many cameras', () => {
    const names = Array.from({ length: 99 }, (_, index) => `site/cam${index}`);
    const pattern = new PathPattern(allNamesBut(names));
    assert.equal(pattern.match('site/cam7'), undefined);
    assert.ok(pattern.match('site/cam99'));
  });
});
