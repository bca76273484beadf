// Queries of the playback server.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MediaError } from '../../../core/base/media-error.ts';
import { readGetQuery, readListQuery } from '../../../core/playback/playback-query.ts';

const query = (fields: Record<string, string>): URLSearchParams => new URLSearchParams(fields);
const START = '2025-01-16T14:30:05.123456Z';

describe('readGetQuery()', () => {
  it('reads times to the microsecond, in any zone', () => {
    const read = (start: string): number =>
      readGetQuery(query({ path: 'cam', start, duration: '1' })).startAt;
    const at = Date.UTC(2025, 0, 16, 14, 30, 5) + 123.456;
    assert.ok(Math.abs(read(START) - at) < 0.001);
    assert.ok(Math.abs(read('2025-01-16T16:30:05.123456+02:00') - at) < 0.001);
    // As a browser sends a plus that nobody encoded.
    assert.ok(Math.abs(read('2025-01-16T16:30:05.123456 02:00') - at) < 0.001);
    assert.equal(read('2025-01-16T14:30:05Z'), Date.UTC(2025, 0, 16, 14, 30, 5));
  });

  for (const [duration, ms] of [
    ['1.5', 1500],
    ['60', 60_000],
    ['1m30s', 90_000],
    ['250ms', 250],
  ] as const) {
    it(`reads a duration of ${duration}`, () => {
      const { durationMs } = readGetQuery(query({ path: 'cam', start: START, duration }));
      assert.equal(durationMs, ms);
    });
  }

  it('gives fragments unless a plain file is asked for', () => {
    const format = (value: string): string =>
      readGetQuery(query({ path: 'cam', start: START, duration: '1', format: value })).format;
    assert.deepEqual(['', 'fmp4', 'mp4'].map(format), ['fmp4', 'fmp4', 'mp4']);
  });

  for (const [fields, name] of [
    [{ path: '' }, 'path'],
    [{ path: 'a/../b' }, 'path'],
    [{ path: '../etc/passwd' }, 'path'],
    [{ path: 'cam\0' }, 'path'],
    [{ start: '' }, 'start'],
    [{ start: '2025-13-01T00:00:00Z' }, 'start'],
    [{ start: '1736980200' }, 'start'],
    [{ duration: '' }, 'duration'],
    [{ duration: '0' }, 'duration'],
    [{ duration: '-5s' }, 'duration'],
    [{ duration: 'Infinity' }, 'duration'],
    [{ duration: '1e9' }, 'duration'],
    [{ format: 'avi' }, 'format'],
  ] as const) {
    it(`names what is wrong in ${JSON.stringify(fields)}`, () => {
      const all = { path: 'cam', start: START, duration: '1', ...fields };
      assert.throws(
        () => readGetQuery(query(all)),
        (thrown) =>
          thrown instanceof MediaError &&
          thrown.kind === 'invalid-argument' &&
          thrown.message.startsWith(`query parameter '${name}'`),
      );
    });
  }

  it('reads anything or refuses it as a bad argument', () => {
    fc.assert(
      fc.property(
        fc.record({ path: fc.string(), start: fc.string(), duration: fc.string() }),
        (all) => {
          try {
            assert.ok(readGetQuery(query(all)).durationMs > 0);
          } catch (thrown) {
            assert.ok(thrown instanceof MediaError && thrown.kind === 'invalid-argument');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('readListQuery()', () => {
  it('needs no times', () => {
    const found = readListQuery(query({ path: 'a/b' }));
    assert.deepEqual(found, { pathName: 'a/b', startAt: undefined, endAt: undefined });
  });

  it('refuses an end before the start', () => {
    const times = { start: START, end: '2025-01-16T14:30:04Z' };
    assert.throws(() => readListQuery(query({ path: 'cam', ...times })), /'end' .* is before/u);
  });
});
