// Names of recordings: what clients may ask for, and what comes of it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { customNameOf, recordFileOf } from '../../../pro/record/record-file-name.ts';

describe('customNameOf()', () => {
  for (const [name, expected] of [
    ['custom-name.mp4', 'custom-name'],
    ['custom-name', 'custom-name'],
    ['a.b.MP4', 'a.b'],
    ['手術 1号室', '手術 1号室'],
    ['x.ts', 'x.ts'],
  ] as const) {
    it(`takes ${name}`, () => assert.equal(customNameOf(name, '.mp4'), expected));
  }

  for (const name of [
    '',
    '.mp4',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/etc/passwd',
    'a\u0000b',
    'a\nb',
    '\u202Egpm.x',
    '.hidden',
    'favorite',
    'Favorite.mp4',
    'con.mp4',
    ' x',
    '%2e%2e%2fx',
    '\u2024\u2024\uFF0Fx',
    'é'.repeat(99),
    'x'.repeat(197),
    '\uD800',
  ]) {
    it(`refuses ${JSON.stringify(name.slice(0, 20))}`, () => {
      assert.throws(() => customNameOf(name, '.mp4'), {
        kind: 'invalid-argument',
        code: 'bad-file-name',
      });
    });
  }

  it('takes 200 bytes', () => {
    assert.equal(customNameOf('x'.repeat(196), '.mp4').length, 196);
  });

  it('never lets a name out of its folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (name) => {
        let custom: string;
        try {
          custom = customNameOf(name, '.mp4');
        } catch {
          return;
        }
        const file = recordFileOf({
          ...{ id: 'x', startAt: 0, extension: '.mp4', retries: 0, attempt: 0 },
          customName: custom,
        });
        assert.match(file, /^\d{8}\/[^/\\\0]+\.mp4$/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('recordFileOf()', () => {
  const parts = {
    startAt: new Date(2026, 0, 2, 3, 4).getTime(),
    id: 'abcdef01-2345',
    customName: undefined,
    extension: '.mp4',
    retries: 0,
    attempt: 0,
  };

  it('names by the local minute', () => {
    assert.equal(recordFileOf(parts), '20260102/20260102-0304-abcdef01.mp4');
  });

  it('numbers what follows and what exists', () => {
    const name = { ...parts, customName: 'x' };
    assert.equal(recordFileOf({ ...name, retries: 2 }), '20260102/x-retry2.mp4');
    assert.equal(recordFileOf({ ...name, attempt: 1 }), '20260102/x-1.mp4');
    assert.equal(recordFileOf({ ...name, retries: 1, attempt: 2 }), '20260102/x-retry1-2.mp4');
  });
});
